//! One verdict over several hosts. The hosts are pretended: their records are made here and measured nowhere.

use insta::assert_snapshot;
use scalegate::Axis;
use scalegate::analysis::{self, Expected};
use scalegate::baseline::Store;
use scalegate::config::GateSettings;
use scalegate::gate::Verdict;
use scalegate::metric::Metric;
use scalegate::record::{Provenance, Run, Sample, Series};

use crate::support::{Place, TOKENS, line, stderr, stdout};

const HOSTS: [&str; 3] = ["pretended-laptop", "pretended-board", "pretended-server"];

/// What a host comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Pass,
    Regressed,
    Inconclusive,
    Missing,
}

const STATES: [State; 4] = [State::Pass, State::Regressed, State::Inconclusive, State::Missing];

/// A record of a pretended host, whose costs are `factor` times those of the baseline.
fn record(host: &str, factor: f64) -> Run {
    let mut provenance = Provenance::imported();
    provenance.host.class = host.to_owned();
    provenance.build.source = "pretended sources".to_owned();
    let cell = |round: u32, (i, &size): (usize, &u64)| {
        let wobble = 1.0 + 0.004 * (f64::from(round) * 2.3 + i as f64 * 1.7).sin();
        Sample { size, round, values: vec![factor * line(size as f64) * wobble] }
    };
    let samples = (0..6).flat_map(|round| TOKENS.iter().enumerate().map(move |at| cell(round, at))).collect();
    let series = Series { samples, ..Series::new("llm/prefill", Axis::TOKENS, Metric::WallTime) };
    Run { series: vec![series], ..Run::new(provenance) }
}

/// The record of a host in a state; `None` if it is missing.
fn record_in(host: &str, state: State) -> Option<Run> {
    match state {
        State::Pass => Some(record(host, 1.0)),
        State::Regressed => Some(record(host, 20.0)),
        State::Inconclusive => {
            let mut run = record(host, 1.0);
            run.series[0].samples.clear();
            run.series[0].unavailable = Some("while it was measured, the CPU was throttled".to_owned());
            Some(run)
        }
        State::Missing => None,
    }
}

fn place_with_baselines() -> Place {
    let place = Place::new();
    let store = Store::new(place.path("baselines"));
    for host in HOSTS {
        store.accept(&record(host, 1.0), &[], "pretended", |_| host == HOSTS[0]).unwrap();
    }
    place
}

/// What is wanted, said once more and in another way than the gate says it.
fn wanted(states: [State; 3]) -> Verdict {
    if states.contains(&State::Regressed) {
        Verdict::Regressed
    } else if states == [State::Pass; 3] {
        Verdict::Pass
    } else {
        Verdict::Inconclusive
    }
}

#[test]
fn three_hosts_in_every_combination_of_states_give_the_right_verdict() {
    let place = place_with_baselines();
    let store = Store::new(place.path("baselines"));
    let expected = Expected { hosts: HOSTS.map(str::to_owned).into(), ..Expected::default() };
    let mut seen = 0;
    for a in STATES {
        for b in STATES {
            for c in STATES {
                let states = [a, b, c];
                let runs: Vec<Run> =
                    HOSTS.iter().zip(states).filter_map(|(host, state)| record_in(host, state)).collect();
                let check = analysis::check(&runs, &store, &GateSettings::default(), &expected).unwrap();
                assert_eq!(check.verdict, wanted(states), "{states:?}: {:#?}", check.findings);
                for (host, state) in HOSTS.iter().zip(states) {
                    let mine = || check.findings.iter().filter(|finding| finding.host == *host);
                    let of_host = Verdict::join(mine().map(|finding| finding.outcome));
                    assert_eq!(of_host, wanted([state, State::Pass, State::Pass]), "{host} in {states:?}");
                }
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 64);
}

#[test]
fn a_host_that_sent_nothing_is_named_and_the_regression_of_another_says_whose_it_is() {
    let place = place_with_baselines();
    for (host, factor) in [(HOSTS[0], 1.0), (HOSTS[1], 20.0)] {
        place.write(&format!("{host}.json"), serde_json::to_string(&record(host, factor)).unwrap());
    }
    let laptop = format!("check {}.json", HOSTS[0]);
    place.scalegate(&laptop).code(0);
    assert_snapshot!(stdout(&place.scalegate(&format!("{laptop} --expect {}", HOSTS[2])).code(3)), @"
    INCONCLUSIVE: of 4 quantities, 1 inconclusive, 3 within tolerance

    inconclusive  every workload wall_time (shape) on pretended-server
      not compared: no record came from host class pretended-server; see that its runner is online, and measure again

    pass  llm/prefill wall_time on pretended-laptop: class, growth, curvature share

    note on pretended-laptop: wall_time of llm/prefill: absolute costs are left to shapes, counts and pairs (the largest change: slope of llm/prefill: +0.0 %, between -34.6 % and +52.8 %); the baseline is one run, which does not show how runs differ: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
    let both = format!("{laptop} {}.json --expect {} --expect {}", HOSTS[1], HOSTS[0], HOSTS[1]);
    assert_snapshot!(stdout(&place.scalegate(&both).code(1)), @"
    REGRESSED: of 9 quantities, 3 regressed, 6 within tolerance

    regressed  llm/prefill wall_time (cost) on pretended-board
      cost at 16 tokens from 3.40 ms to 68.0 ms (×20, between +250.8 % and ×114; ±15 % tolerated)

    regressed  llm/prefill wall_time (cost) on pretended-board
      cost at 1024 tokens from 155 ms to 3.09 s (×20, between +250.6 % and ×114; ±15 % tolerated)

    regressed  llm/prefill wall_time (cost) on pretended-board
      slope from 150 µs to 3.00 ms per token (×20, between +250.6 % and ×114; ±15 % tolerated)

    pass  llm/prefill wall_time on pretended-laptop: class, growth, curvature share
    pass  llm/prefill wall_time on pretended-board: class, growth, curvature share

    note on pretended-laptop: wall_time of llm/prefill: absolute costs are left to shapes, counts and pairs (the largest change: slope of llm/prefill: +0.0 %, between -34.6 % and +52.8 %); the baseline is one run, which does not show how runs differ: `scalegate ab` compares two revisions in pairs, and `scalegate accept` of more runs sees finer
    ");
}

#[test]
fn records_of_other_sources_or_of_several_hosts_are_not_joined() {
    let place = Place::new();
    let write = |name: &str, run: &Run| place.write(name, serde_json::to_string(run).unwrap());
    write("laptop.json", &record(HOSTS[0], 1.0));
    let mut older = record(HOSTS[1], 1.0);
    write("board.json", &older);
    older.provenance.build.source = "older sources".to_owned();
    write("older.json", &older);
    assert_snapshot!(place.refused("check laptop.json older.json"), @"
    error: older.json: it does not belong to laptop.json: build.source: pretended sources → older sources
      help: give records of one commit, and each series of a host once
    ");
    assert_snapshot!(place.refused("join laptop.json board.json --out joined.json"), @"
    error: the records: they come from 2 classes of hosts: pretended-laptop, pretended-board
      help: join those of each class; `scalegate check` takes several records, and gives one verdict over them
    ");
}

/// What a doctor's lines are about: what it found is of this host.
fn subjects(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let inner = lines[1..lines.len() - 1].iter().filter(|line| !line.starts_with("        "));
    inner
        .map(|line| line.get(8..23).filter(|_| line.starts_with("  ")).unwrap_or(line).trim_end())
        .fold(String::new(), |text, line| text + line + "\n")
}

#[test]
fn a_doctor_says_what_this_host_can_measure() {
    let assert = Place::new().scalegate("doctor");
    let text = stdout(&assert);
    let is_unusable = text.contains("do not measure here now");
    assert_eq!(assert.get_output().status.code(), Some(if is_unusable { 3 } else { 0 }));
    assert_eq!(stderr(&assert), "");
    assert_snapshot!(subjects(&text), @"
    can measure
    wall_time
    cpu_time
    rss_auc
    heap_bytes
    instructions
    instructions_hw
    energy

    could disturb
    throttling
    temperature
    governor
    frequency
    cores
    load
    memory
    power
    low power mode
    ");
}
