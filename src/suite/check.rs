//! What a type cannot say about a suite file: order, duplicates, and values that fit each other.

use std::collections::BTreeSet;
use std::fmt::Display;

use toml::Spanned;

use super::source::Workload;
use super::{AccuracySettings, Aspect, Images, InstructionSettings, UserModel, WorkloadSettings};
use scalegate::config::Fault;
use scalegate::workload::WorkloadName;

const SIZES: &str = "list the sizes in ascending order, each once and none of them zero";

/// Runs a section's own check and gives its complaint the section's place.
pub(super) fn section<T>(value: &Spanned<T>, check: impl Fn(&T) -> Result<(), String>) -> Result<(), Fault> {
    check(value.get_ref()).map_err(|cause| Fault {
        span: value.span(),
        cause,
        remedy: "change the value in this section".to_owned(),
    })
}

pub(super) fn workloads(list: Vec<Spanned<Workload>>) -> Result<Vec<WorkloadSettings>, Fault> {
    let mut names = BTreeSet::new();
    let mut checked = Vec::with_capacity(list.len());
    for entry in list {
        let span = entry.span();
        let entry = entry.into_inner();
        let name = entry.name.get_ref().clone();
        if !names.insert(name.clone()) {
            return Err(Fault {
                span: entry.name.span(),
                cause: format!("workload `{name}` is listed twice"),
                remedy: "keep one of the two".to_owned(),
            });
        }
        let aspects = aspects(entry.aspects.as_ref(), &name, entry.resolutions.is_some())?;
        checked.push(match (entry.tokens, entry.resolutions) {
            (Some(tokens), None) => WorkloadSettings::Tokens { sizes: sizes(&tokens, &span, |&n| n)?, name },
            (None, Some(list)) => {
                sizes(&list, &span, |resolution| resolution.pixels())?;
                let images = Images::Listed(list.into_iter().map(Spanned::into_inner).collect());
                WorkloadSettings::Pixels { images, name }
            }
            (None, None) if is_of_images(&name) => WorkloadSettings::Pixels { images: Images::Chosen(aspects), name },
            _ => {
                return Err(Fault {
                    span,
                    cause: format!("workload `{name}` needs exactly one of `tokens` and `resolutions`"),
                    remedy: "give `tokens` to an llm workload; a vlm one takes `resolutions`, which are chosen where it has none"
                        .to_owned(),
                });
            }
        });
    }
    Ok(checked)
}

fn is_of_images(name: &str) -> bool {
    WorkloadName::from(name).family() == Some("vlm")
}

/// The aspect ratios of a workload, each once; none if it names none.
fn aspects(
    list: Option<&Spanned<Vec<Spanned<Aspect>>>>,
    name: &str,
    has_resolutions: bool,
) -> Result<Vec<Aspect>, Fault> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let fault = |cause: String, remedy: &str| Fault { span: list.span(), cause, remedy: remedy.to_owned() };
    if !is_of_images(name) {
        return Err(fault(format!("workload `{name}` has `aspects`, and no images"), "leave `aspects` out of it"));
    }
    if has_resolutions {
        let remedy = "leave `resolutions` out, and they are chosen for each aspect ratio; or leave `aspects` out";
        return Err(fault(format!("workload `{name}` has both `aspects` and `resolutions`"), remedy));
    }
    let mut checked: Vec<Aspect> = Vec::new();
    for aspect in list.get_ref() {
        if checked.contains(aspect.get_ref()) {
            return Err(Fault {
                span: aspect.span(),
                cause: format!("the aspect ratio {} is listed twice", aspect.get_ref()),
                remedy: "keep one of the two".to_owned(),
            });
        }
        checked.push(*aspect.get_ref());
    }
    if checked.is_empty() {
        return Err(fault("`aspects` is empty".to_owned(), "list aspect ratios as \"16:9\", or leave it out for 4:3"));
    }
    Ok(checked)
}

pub(super) fn user_models(
    list: Vec<Spanned<UserModel>>,
    workloads: &[WorkloadSettings],
    accuracy: Option<&AccuracySettings>,
    instructions: Option<&InstructionSettings>,
) -> Result<Vec<UserModel>, Fault> {
    let mut names = BTreeSet::new();
    let mut checked = Vec::with_capacity(list.len());
    for entry in list {
        let span = entry.span();
        let model = entry.into_inner();
        let fault = |cause: String, remedy: &str| Fault { span: span.clone(), cause, remedy: remedy.to_owned() };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if model.name.is_empty() || !model.name.chars().all(is_plain) {
            return Err(fault(
                format!("`{}` is not a name for a model", model.name),
                "use letters, digits, dashes, dots and underscores",
            ));
        }
        if !names.insert(model.name.clone()) {
            return Err(fault(format!("model `{}` is listed twice", model.name), "keep one of the two"));
        }
        let mut seen = BTreeSet::new();
        for name in &model.workloads {
            if !workloads.iter().any(|workload| workload.name() == name) {
                let remedy = "add a [[workload]] of that name, which gives the sizes";
                return Err(fault(format!("there is no workload `{name}`"), remedy));
            }
            if !seen.insert(name) {
                return Err(fault(format!("workload `{name}` is listed twice"), "keep one of the two"));
            }
        }
        let reads = accuracy.is_some_and(|accuracy| accuracy.models.contains(&model.name));
        if model.workloads.is_empty() && !reads {
            let remedy = "list those it is to be run in, or name it under [accuracy]";
            return Err(fault(format!("model `{}` has no workloads", model.name), remedy));
        }
        let is_counted = |name: &String| {
            instructions.is_some_and(|counted| counted.workloads.iter().any(|workload| workload.name() == name))
        };
        if model.counted && !model.workloads.iter().any(is_counted) {
            let remedy = "add an [[instructions.workload]] of the name of one of its workloads, which gives the sizes";
            return Err(fault(format!("nothing of model `{}` is counted", model.name), remedy));
        }
        checked.push(model);
    }
    Ok(checked)
}

fn sizes<T: Display>(
    list: &[Spanned<T>],
    workload: &std::ops::Range<usize>,
    size: impl Fn(&T) -> u64,
) -> Result<Vec<u64>, Fault> {
    let fault = |span, cause| Fault { span, cause, remedy: SIZES.to_owned() };
    let mut checked: Vec<u64> = Vec::with_capacity(list.len());
    for entry in list {
        let (shown, size) = (entry.get_ref(), size(entry.get_ref()));
        match checked.last() {
            _ if size == 0 => return Err(fault(entry.span(), "a size of zero".to_owned())),
            Some(&last) if size == last => return Err(fault(entry.span(), format!("size {shown} is listed twice"))),
            Some(&last) if size < last => {
                return Err(fault(entry.span(), format!("size {shown} stands after a larger one")));
            }
            _ => checked.push(size),
        }
    }
    if checked.is_empty() {
        return Err(fault(workload.clone(), "a workload without sizes".to_owned()));
    }
    Ok(checked)
}
