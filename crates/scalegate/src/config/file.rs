//! Reading a configuration, alone or with the keys that a program adds to it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::DeTable;

use super::{
    AbSettings, BudgetSettings, GateSettings, MeasureSettings, ProgramSettings, ResourceSettings, ServerSettings,
    budget, program, resources,
};
use crate::{Error, Result, bounded, paths, sha256};

/// For a key that is not known, or no TOML at all.
const REMEDY: &str = "see docs/suite.md for the keys of a configuration";

/// The seed of orders, where a configuration gives none.
const DEFAULT_SEED: u64 = 2512;

/// A checked configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file, if there is one.
    pub path: Option<PathBuf>,
    /// SHA-256 over all that the file says but for `[gate]`, `[[budget]]` and `[ab]`, which change no measurement of a run; of nothing without a file.
    pub sha256: String,
    /// Seed of the order of sizes.
    pub seed: u64,
    /// How often and how long.
    pub measure: MeasureSettings,
    /// How resources are sampled; not at all without the section.
    pub resources: Option<ResourceSettings>,
    /// How much may change.
    pub gate: GateSettings,
    /// How base and head are compared in pairs.
    pub ab: AbSettings,
    /// Programs that are measured as workloads.
    pub programs: Vec<ProgramSettings>,
    /// Servers that are asked as workloads.
    pub servers: Vec<ServerSettings>,
}

/// The keys that every configuration may have; spans lead an error back to its line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    schema: Option<Spanned<u32>>,
    seed: Option<u64>,
    measure: Option<Spanned<MeasureSettings>>,
    resources: Option<Spanned<resources::Section>>,
    gate: Option<Spanned<GateSettings>>,
    ab: Option<Spanned<AbSettings>>,
    #[serde(default)]
    program: Vec<Spanned<program::Section>>,
    #[serde(default)]
    server: Vec<Spanned<ServerSettings>>,
    #[serde(default)]
    budget: Vec<Spanned<budget::Section>>,
}

impl Keys {
    const NAMES: [&'static str; 9] =
        ["schema", "seed", "measure", "resources", "gate", "ab", "program", "server", "budget"];
}

/// A fault in a file: where, what, and what to do.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Bytes of the text.
    pub span: Range<usize>,
    /// What is wrong there.
    pub cause: String,
    /// What the user can do.
    pub remedy: String,
}

/// The parsed text of a configuration to which a program adds keys of its own.
pub struct Document<'a> {
    path: &'a Path,
    text: &'a str,
    root: Spanned<DeTable<'a>>,
}

impl<'a> Document<'a> {
    /// Parses `text`; `path` is for messages.
    ///
    /// # Errors
    /// It is no TOML.
    pub fn parse(path: &'a Path, text: &'a str) -> Result<Self> {
        let root = DeTable::parse(text).map_err(|error| unreadable(path, text, &error))?;
        Ok(Self { path, text, root })
    }

    /// Takes out the keys that every configuration may have. `[[resources.workload]]` stays behind, since it names what a
    /// program runs.
    ///
    /// # Errors
    /// The first value that is of another type or makes no sense.
    pub fn config(&mut self) -> Result<Config> {
        let sha256 = self.fingerprint();
        let span = self.root.span();
        let (mut own, mut others) = (DeTable::new(), DeTable::new());
        for (key, value) in std::mem::take(self.root.get_mut()) {
            if !Keys::NAMES.contains(&&**key.get_ref()) {
                others.insert(key, value);
                continue;
            }
            let mut value = value;
            if key.get_ref() == "resources"
                && let toml::de::DeValue::Table(table) = value.get_mut()
                && let Some((name, workloads)) = table.remove_entry("workload")
            {
                let mut left = DeTable::new();
                left.insert(name, workloads);
                others.insert(key.clone(), Spanned::new(value.span(), toml::de::DeValue::Table(left)));
            }
            own.insert(key, value);
        }
        self.root = Spanned::new(span.clone(), others);
        let keys: Keys = self.read(Spanned::new(span, own))?;
        let config = keys.checked(self.path, self.text, sha256);
        config.map_err(|fault| self.error(&fault))
    }

    /// Reads the keys that are left, which are the program's own.
    ///
    /// # Errors
    /// As [`Document::config`].
    pub fn rest<T: DeserializeOwned>(&mut self) -> Result<T> {
        let span = self.root.span();
        let rest = std::mem::take(self.root.get_mut());
        self.read(Spanned::new(span, rest))
    }

    /// Refuses the keys that are left, for a program that has none of its own.
    fn refuse_rest(&self) -> Result<()> {
        let Some((key, value)) = self.root.get_ref().iter().next() else { return Ok(()) };
        // Of a section that is known, one table is left.
        let part = value.get_ref().as_table().filter(|_| Keys::NAMES.contains(&&**key.get_ref()));
        let part = part.and_then(|table| table.keys().next());
        let name =
            part.map_or_else(|| key.get_ref().to_string(), |part| format!("{}.{}", key.get_ref(), part.get_ref()));
        let known = Keys::NAMES.map(|name| format!("`{name}`")).join(", ");
        let cause = format!("unknown field `{name}`, expected one of {known}");
        Err(self.error(&Fault { span: part.unwrap_or(key).span(), cause, remedy: REMEDY.to_owned() }))
    }

    /// A fault with its place in the file.
    pub fn error(&self, fault: &Fault) -> Error {
        Error::new(place(self.path, self.text, &fault.span), &fault.cause, &fault.remedy)
    }

    fn read<T: DeserializeOwned>(&self, table: Spanned<DeTable<'_>>) -> Result<T> {
        T::deserialize(toml::Deserializer::from(table)).map_err(|error| unreadable(self.path, self.text, &error))
    }

    /// What a measurement depends on of the file, whatever its comments and the order of its keys.
    fn fingerprint(&self) -> String {
        let mut table: toml::Table = toml::from_str(self.text).unwrap_or_default();
        for section in ["gate", "budget", "ab"] {
            table.remove(section);
        }
        sha256::of(table.to_string().as_bytes())
    }
}

impl Keys {
    fn checked(self, path: &Path, text: &str, sha256: String) -> Result<Config, Fault> {
        if let Some(schema) = &self.schema
            && *schema.get_ref() != Config::SCHEMA
        {
            return Err(Fault {
                span: schema.span(),
                cause: format!("schema {} is not known", schema.get_ref()),
                remedy: format!("this scalegate reads schema {}; use the version that wrote the file", Config::SCHEMA),
            });
        }
        let section = |span: Range<usize>, checked: Result<(), String>| {
            let remedy = "change the value in this section".to_owned();
            checked.map_err(|cause| Fault { span, cause, remedy })
        };
        if let Some(measure) = &self.measure {
            section(measure.span(), measure.get_ref().check())?;
        }
        if let Some(gate) = &self.gate {
            section(gate.span(), gate.get_ref().check())?;
        }
        if let Some(ab) = &self.ab {
            section(ab.span(), ab.get_ref().check())?;
        }
        let resources = match self.resources {
            None => None,
            Some(resources) => {
                section(resources.span(), resources.get_ref().check())?;
                Some(resources.into_inner().into_settings())
            }
        };
        let programs = programs(self.program)?;
        let mut gate = self.gate.map(Spanned::into_inner).unwrap_or_default();
        gate.budgets = budgets(self.budget, |span| place(path, text, span))?;
        Ok(Config {
            path: Some(path.to_path_buf()),
            sha256,
            seed: self.seed.unwrap_or(DEFAULT_SEED),
            measure: self.measure.map(Spanned::into_inner).unwrap_or_default(),
            resources,
            gate,
            ab: self.ab.map(Spanned::into_inner).unwrap_or_default(),
            programs,
            servers: servers(self.server)?,
        })
    }
}

fn programs(sections: Vec<Spanned<program::Section>>) -> Result<Vec<ProgramSettings>, Fault> {
    let mut programs: Vec<ProgramSettings> = Vec::new();
    for section in sections {
        let span = section.span();
        let fault = |cause| Fault { span: span.clone(), cause, remedy: "see docs/programs.md".to_owned() };
        let program = section.into_inner().checked().map_err(fault)?;
        if programs.iter().any(|other| other.name == program.name) {
            return Err(fault(format!("two programs are called `{}`", program.name)));
        }
        programs.push(program);
    }
    Ok(programs)
}

fn servers(sections: Vec<Spanned<ServerSettings>>) -> Result<Vec<ServerSettings>, Fault> {
    let mut servers: Vec<ServerSettings> = Vec::new();
    for section in sections {
        let fault = |cause| Fault { span: section.span(), cause, remedy: "see docs/programs.md".to_owned() };
        section.get_ref().check().map_err(fault)?;
        if servers.iter().any(|other| other.name == section.get_ref().name) {
            return Err(fault(format!("two servers are called `{}`", section.get_ref().name)));
        }
        servers.push(section.into_inner());
    }
    Ok(servers)
}

fn budgets(
    sections: Vec<Spanned<budget::Section>>,
    place: impl Fn(&Range<usize>) -> String,
) -> Result<Vec<BudgetSettings>, Fault> {
    let checked = |section: Spanned<budget::Section>| {
        let span = section.span();
        let fault = |cause| Fault { span: span.clone(), cause, remedy: "see docs/policy.md".to_owned() };
        section.into_inner().checked(place(&span)).map_err(fault)
    };
    sections.into_iter().map(checked).collect()
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: None,
            sha256: sha256::of(b""),
            seed: DEFAULT_SEED,
            measure: MeasureSettings::default(),
            resources: None,
            gate: GateSettings::default(),
            ab: AbSettings::default(),
            programs: Vec::new(),
            servers: Vec::new(),
        }
    }
}

impl Config {
    /// The schema version that this build reads.
    pub const SCHEMA: u32 = 1;

    /// The file's name in the root of the workspace.
    pub const FILE: &'static str = paths::CONFIGURATION;

    /// A configuration with keys of the tract suite, which the suite's bench targets check.
    pub const SUITE: &'static str = "suite.toml";

    /// The configuration of the workspace, or the defaults where there is none.
    ///
    /// # Errors
    /// A file that cannot be read, or a value in it that makes no sense.
    pub fn load_here() -> Result<Self> {
        let file = paths::of_workspace(Self::FILE);
        if file.exists() {
            return Self::load(&file);
        }
        let suite = paths::of_workspace(Self::SUITE);
        if !suite.exists() {
            return Ok(Self::default());
        }
        let text = read(&suite)?;
        Document::parse(&suite, &text)?.config()
    }

    /// Reads and checks a file that has no keys but those of this crate.
    ///
    /// # Errors
    /// As [`Config::load_here`], or an unknown key.
    pub fn load(path: &Path) -> Result<Self> {
        Self::parse(path, &read(path)?)
    }

    /// The same of the text of a file; `path` is for messages.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let mut document = Document::parse(path, text)?;
        let config = document.config()?;
        document.refuse_rest()?;
        Ok(config)
    }
}

fn read(path: &Path) -> Result<String> {
    bounded::text(path, bounded::MAX_SETTINGS)
        .map_err(|error| Error::new(path.display(), error, "make it a readable file, or remove it"))
}

fn unreadable(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let span = error.span().unwrap_or(0..0);
    Error::new(place(path, text, &span), error.message(), REMEDY)
}

fn place(path: &Path, text: &str, span: &Range<usize>) -> String {
    let line = 1 + text.bytes().take(span.start).filter(|&byte| byte == b'\n').count();
    format!("{}:{line}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(Path::new("scalegate.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn every_key_has_a_default() {
        let empty = parse("").unwrap();
        assert_eq!(empty, Config { path: Some("scalegate.toml".into()), ..Config::default() });
        let partly = parse("[measure]\nrounds = 4\n[resources]\nrounds = 3\n").unwrap();
        assert_eq!((partly.measure.rounds, partly.measure.samples), (4, MeasureSettings::default().samples));
        assert_eq!(partly.resources.unwrap().rounds, 3);
    }

    #[test]
    fn an_unknown_key_or_a_bad_value_is_named_with_its_line() {
        insta::assert_snapshot!(parse("seed = 1\nrunds = 3\n").unwrap_err(), @"
        scalegate.toml:2: unknown field `runds`, expected one of `schema`, `seed`, `measure`, `resources`, `gate`, `ab`, `program`, `server`, `budget`
          help: see docs/suite.md for the keys of a configuration
        ");
        insta::assert_snapshot!(parse("\n[measure]\nrounds = 1\n").unwrap_err(), @"
        scalegate.toml:2: rounds = 1: a spread needs at least 2 rounds, and a verdict about 8
          help: change the value in this section
        ");
        insta::assert_snapshot!(parse("[measure]\nrunds = 1\n").unwrap_err(), @"
        scalegate.toml:2: unknown field `runds`, expected one of `rounds`, `samples`, `warm_up_ms`, `measurement_ms`
          help: see docs/suite.md for the keys of a configuration
        ");
        insta::assert_snapshot!(parse("[resources]\nenergy_log = { path = \"meter.csv\", offset_s = 1, align = true }").unwrap_err(), @"
        scalegate.toml:1: energy_log.align finds the offset of the log's clock, and offset_s gives it: keep one
          help: change the value in this section
        ");
        insta::assert_snapshot!(parse("schema = 2").unwrap_err(), @"
        scalegate.toml:1: schema 2 is not known
          help: this scalegate reads schema 1; use the version that wrote the file
        ");
        insta::assert_snapshot!(parse("[measure").unwrap_err(), @"
        scalegate.toml:1: unclosed table, expected `]`
          help: see docs/suite.md for the keys of a configuration
        ");
    }

    #[test]
    fn what_changes_no_measurement_changes_no_fingerprint() {
        let of = |text: &str| parse(text).unwrap().sha256;
        let plain = of("[measure]\nrounds = 4\n");
        assert_eq!(of("# A comment.\n[measure]\nrounds    = 4\n[gate]\nalpha = 0.01\n"), plain);
        assert_ne!(of("[measure]\nrounds = 5\n"), plain);
    }
}
