//! `[[server]]` under `scalegate run`: what a server's answers come to, and what is said of one that misbehaves.

mod pairs;
pub(crate) mod stub;
mod tokens;

use std::collections::BTreeMap;
use std::net::TcpListener;

use insta::assert_snapshot;
use scalegate::metric::Metric;
use scalegate::record::Run;

use crate::support::{Place, list, stderr};

const WORKLOADS: &str = "[server.prefill]\ntokens = [8, 16, 32, 64, 96, 128]\n\
                         [server.decode]\ntokens = [8, 16, 32, 64, 96, 128]\n";

/// A place whose server has these keys.
fn with(keys: &str, workloads: &str) -> Place {
    let place = Place::new();
    let measure = "[measure]\nrounds = 2\nmeasurement_ms = 1\n";
    place.write("scalegate.toml", format!("{measure}\n[[server]]\nname = \"stub\"\n{keys}\n{workloads}"));
    place
}

/// A place whose server is the stub; `more` are further keys of it.
fn started(kind: &str, behaviour: &str, more: &str, workloads: &str) -> Place {
    let place = with("", "");
    let command = serde_json::to_string(&stub::command(behaviour, &tag(&place))).unwrap();
    let text = place.read("scalegate.toml");
    place.write("scalegate.toml", format!("{text}kind = \"{kind}\"\ncommand = {command}\n{more}\n{workloads}"));
    place
}

/// The same as one of llama.cpp.
fn stubbed(behaviour: &str, more: &str) -> Place {
    started("llama-cpp", behaviour, more, WORKLOADS)
}

fn tag(place: &Place) -> String {
    place.path("").to_string_lossy().into_owned()
}

/// What a run that fails says, without what differs from run to run.
#[track_caller]
fn refused(place: &Place) -> String {
    let said = stderr(&place.scalegate("run").code(2));
    assert!(!place.path("target/scalegate/run.json").exists(), "a record of what failed");
    assert_eq!(stub::processes(&tag(place)), 0, "a process is left: {said}");
    without_ports(&said.replace(&tag(place), ""))
}

fn without_ports(said: &str) -> String {
    let mut parts = said.split("127.0.0.1:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let port = if rest.len() < part.len() { "PORT" } else { "" };
        text + "127.0.0.1:" + port + rest
    })
}

/// Costs of the first round in nanoseconds, by size.
fn costs(run: &Run, workload: &str) -> BTreeMap<u64, f64> {
    let series = run.series(workload, Metric::WallTime).unwrap();
    let first = series.costs().filter(|(_, round, _)| *round == 0);
    first.map(|(size, _, cost)| (size as u64, (1e9 * cost).round())).collect()
}

/// The same of what the stub reports in milliseconds.
fn reported(ms: impl Fn(f64) -> f64) -> BTreeMap<u64, f64> {
    [8, 16, 32, 64, 96, 128].map(|n| (n, (1e6 * ms(n as f64)).round())).into()
}

#[test]
fn what_a_server_reports_is_recorded_in_seconds_and_nothing_is_left_of_it() {
    let place = stubbed("starts another", "");
    place.scalegate("run").success();
    assert_eq!(stub::processes(&tag(&place)), 0);
    let run = place.record();
    assert_eq!(costs(&run, "stub/prefill"), reported(|n| 2.0 + 0.5 * n));
    assert_eq!(costs(&run, "stub/decode"), reported(|n| 1.0 + 1e-3 * n));
    let [prefill, decode] = ["stub/prefill", "stub/decode"].map(|name| run.series(name, Metric::WallTime).unwrap());
    assert_eq!((prefill.n_rounds(), prefill.tokens[&64], decode.tokens[&64]), (2, 64, 1));
    assert_eq!(run.provenance.subject["server.stub.repeated_prompts"], "read anew");
}

#[test]
fn a_server_that_caches_prompts_is_named_and_costs_are_those_of_new_prompts() {
    let place = stubbed("caches", "");
    let said = stderr(&place.scalegate("run").success());
    assert!(said.contains("note: [[server]] stub answers a prompt that it has seen before from a cache; "), "{said}");
    let run = place.record();
    assert_eq!(run.provenance.subject["server.stub.repeated_prompts"], "cached");
    assert_eq!(costs(&run, "stub/prefill"), reported(|n| 2.0 + 0.5 * n));
}

/// The stub takes a microsecond for each pixel that it finds in the image.
#[test]
fn an_image_of_each_resolution_is_sent_and_its_first_token_timed() {
    let workloads =
        "[server.prompt]\nresolutions = [\"64x64\", \"96x64\", \"96x96\", \"128x96\", \"128x128\", \"192x128\"]\n";
    for kind in ["openai", "llama-cpp"] {
        let place = started(kind, "sees images", "", workloads);
        place.scalegate("run").success();
        let run = place.record();
        let series = run.series("stub/prompt", Metric::WallTime).unwrap();
        assert_eq!(series.costs().count(), 6 * 2, "{kind}");
        assert!(series.costs().all(|(pixels, _, cost)| cost > 1e-6 * pixels), "{kind}: {series:?}");
    }
}

#[test]
fn a_stream_is_timed_by_the_client_and_has_to_say_how_many_tokens_it_had() {
    let workloads = format!("{WORKLOADS}[server.generate]\ntokens = [2, 3, 4, 5, 6, 7]\n");
    let place = started("openai", "works", "", &workloads);
    place.scalegate("run").success();
    let run = place.record();
    for workload in ["stub/prefill", "stub/decode", "stub/generate"] {
        let costs = costs(&run, workload);
        assert!(costs.len() == 6 && costs.values().all(|cost| *cost > 0.0), "{workload}: {costs:?}");
    }
    let generate = run.series("stub/generate", Metric::WallTime).unwrap();
    assert_eq!((generate.tokens[&5], &*generate.protocol["prompt_tokens"]), (37, "32"));
    // Tokens come every two milliseconds.
    let decode = run.series("stub/decode", Metric::WallTime).unwrap();
    assert!(decode.samples.iter().flat_map(|sample| &sample.values).all(|cost| *cost > 1e-3), "{decode:?}");

    let silent = started("openai", "has no usage", "", WORKLOADS);
    assert_snapshot!(refused(&silent), @"
    error: stub/decode at size 16: POST http://127.0.0.1:PORT/v1/completions: it does not say how many tokens it made
      help: ask a server whose last event has `usage` when `stream_options.include_usage` asks for it
    ");
    let chat = started("openai", "works", "chat = true", WORKLOADS);
    chat.scalegate("run").success();
    assert_eq!(chat.record().series("stub/prefill", Metric::WallTime).unwrap().axis.name(), "words");
}

#[test]
fn any_request_is_measured_and_its_answer_may_tell_the_time() {
    let told = "[[server.request]]\nname = \"told\"\naxis = { name = \"words\", sizes = [8, 16, 32, 64, 96, 128] }\n\
                path = \"/words?n={size}\"\nbody = '{\"text\": \"{prompt}\"}'\nresult = { json = \"/took_ms\", unit = \"ms\" }\n";
    let timed = "[[server.request]]\nname = \"timed\"\nresolutions = [\"8x8\", \"16x8\", \"16x16\"]\npath = \"/{width}x{height}\"\n";
    let place = started("http", "works", "ready = { line = \"listening\" }", &format!("{told}{timed}"));
    place.scalegate("run").success();
    let run = place.record();
    assert_eq!(costs(&run, "stub/told"), reported(|n| 0.25 * n));
    assert_eq!(costs(&run, "stub/timed").into_keys().collect::<Vec<_>>(), [64, 128, 256]);

    let wrong = started("http", "works", "", &told.replace("/took_ms", "/took"));
    assert_snapshot!(refused(&wrong), @"
    error: stub/told at size 128: POST http://127.0.0.1:PORT/words?n=8: its answer makes no sense: it has no `/took`
      help: the server's `kind` has to be one that it speaks; see docs/programs.md
    ");
    let misspelt = started("http", "works", "", &told.replace("{prompt}", "{promt}"));
    assert_snapshot!(refused(&misspelt), @"
    error: scalegate.toml:11: there is no placeholder `{promt}`, but {size}, {work}, {width}, {height}, {image}, {prompt}, {prompt_file}, {tokens}, {tokens_file}; `{{promt}}` is that word in braces
      help: see docs/suite.md for the keys of a configuration
    ");
    let unknown = started("http", "works", "", &told.replace("{prompt}", "{image}"));
    assert_snapshot!(refused(&unknown), @"
    error: scalegate.toml:11: `{image}` has no meaning in this request
      help: see docs/suite.md for the keys of a configuration
    ");
}

#[test]
fn a_server_that_misbehaves_is_named_with_cause_and_remedy_and_ended() {
    let cases = [
        ("ends", ""),
        ("never ready", "ready_s = 0.5"),
        ("works", "ready_s = 0.5\nready = { line = \"accepting\" }"),
        ("dies", ""),
        ("fails", ""),
        ("talks nonsense", ""),
        ("is slow", "timeout_s = 0.5"),
        ("breaks off", ""),
        ("redirects", ""),
        ("reports NaN", ""),
        ("stops early", ""),
    ];
    assert_snapshot!(list(
        cases.map(|(behaviour, more)| (format!("# {behaviour}"), refused(&stubbed(behaviour, more))))
    ));
}

#[test]
fn an_earlier_record_is_kept_when_a_server_fails_later() {
    let place = stubbed("works", "");
    place.scalegate("run").success();
    let record = place.read("target/scalegate/run.json");
    let text = place.read("scalegate.toml");
    for behaviour in ["ends", "dies", "fails", "talks nonsense"] {
        place.write("scalegate.toml", text.replace("=works", &format!("={behaviour}")));
        place.scalegate("run").code(2);
        assert_eq!(place.read("target/scalegate/run.json"), record, "{behaviour}");
        assert_eq!(stub::processes(&tag(&place)), 0, "{behaviour}");
    }
}

#[test]
fn an_address_that_cannot_be_asked_is_named_before_anything_is_started() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("url = \"http://{}\"\ncommand = [\"sleep\", \"60\"]", taken.local_addr().unwrap());
    let cases = [
        ("a port that is taken", &*taken),
        ("nobody listens", "url = \"http://127.0.0.1:9\""),
        ("another machine", "url = \"http://192.0.2.1:80\""),
        ("no address", "url = \"127.0.0.1\""),
        ("no such program", "command = [\"./no-server\", \"{port}\"]"),
    ];
    let said = cases.map(|(about, keys)| {
        (format!("# {about}"), refused(&with(&format!("kind = \"llama-cpp\"\n{keys}"), WORKLOADS)))
    });
    assert_snapshot!(list(said));
}

#[test]
fn a_configuration_of_a_server_that_makes_no_sense_is_named_with_its_line() {
    let llama = "kind = \"llama-cpp\"\ncommand = [\"server\", \"{port}\"]";
    let cases = [
        ("no workload", llama, ""),
        ("sizes that descend", llama, "[server.prefill]\ntokens = [16, 8]"),
        ("one new token", llama, "[server.decode]\ntokens = [8, 16]\nnew_tokens = 1"),
        ("no port", "kind = \"llama-cpp\"", WORKLOADS),
        ("an unknown kind", "kind = \"ollama\"", WORKLOADS),
        ("an unknown key", &format!("{llama}\nthreads = 4"), WORKLOADS),
        ("tokens over plain HTTP", "kind = \"http\"\nurl = \"http://127.0.0.1:9\"", WORKLOADS),
        ("a chat of llama.cpp's own", &format!("{llama}\nchat = true"), WORKLOADS),
        ("no time", &format!("{llama}\ntimeout_s = 0"), WORKLOADS),
        ("a range and a tokenizer", &format!("{llama}\ntoken_ids = [1, 9]\ntokenizer = \"t.json\""), WORKLOADS),
    ];
    let said = cases.map(|(about, keys, workloads)| (format!("# {about}"), refused(&with(keys, workloads))));
    assert_snapshot!(list(said));
}
