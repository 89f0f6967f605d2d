//! `scalegate import` of files that tools wrote: which argument is the size, whatever it counts, and what makes a round.

use std::fmt::Write as _;

use insta::assert_snapshot;
use scalegate::record::{Run, Sample};

use crate::support::{Place, RUN, list, stderr, stdout};

/// The path of a file or directory that a tool wrote.
fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/tools/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What an import says, and its record.
fn imported(format: &str, names: &[&str], options: &str) -> (String, Run) {
    let place = Place::new();
    let files: Vec<String> = names.iter().map(|name| fixture(name)).collect();
    let said = place.scalegate(&format!("import {format} {} {options}", files.join(" "))).success();
    (stderr(&said), place.record())
}

/// What an import says, and for each series its axis, sizes, rounds, and values of the first sample.
fn outline(format: &str, names: &[&str], options: &str) -> String {
    let (mut text, run) = imported(format, names, options);
    for series in &run.series {
        let sizes: Vec<u64> = series.sizes().into_iter().collect();
        let Sample { size, values, .. } = &series.samples[0];
        let (workload, metric, axis, rounds) = (&series.workload, series.metric, &series.axis, series.n_rounds());
        writeln!(text, "{workload}, {metric} over {axis}: {sizes:?}, rounds {rounds}, {values:?} at {size}").unwrap();
        assert_eq!(series.samples.len(), sizes.len() * rounds as usize, "every size in every round");
    }
    text
}

fn refused(format: &str, name: &str, options: &str) -> String {
    Place::new().refused(&format!("import {format} {} {options}", fixture(name))).replace(&fixture(""), "")
}

#[test]
fn hyperfine_scans_a_parameter_of_any_name() {
    assert_snapshot!(outline("hyperfine", &["hyperfine_n.json"], "--axis lines --name seq"), @"
    1 series in target/scalegate/run.json: 5 repetitions, one after the other at each size, are one round of each file: one round
    note: one round doesn't show its noise, so that shapes stay inconclusive: import several runs at once (`… A B`)
    seq, wall_time over lines: [200000, 400000, 600000, 800000, 1000000, 1200000, 1400000, 1600000], rounds 1, [0.002841976, 0.007326229, 0.008113502, 0.008383639, 0.00346152] at 200000
    ");
    assert_snapshot!(refused("hyperfine", "hyperfine_n.json", ""), @"
    error: hyperfine_n.json: results[0]: what the parameter `n` counts is unknown
      help: write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and say with --axis what the size counts, or call the parameter tokens, pixels or bytes
    ");
}

#[test]
fn google_benchmark_has_one_argument_or_one_with_the_name_of_the_axis() {
    assert_snapshot!(outline("google-benchmark", &["google_benchmark_sort.json"], "--axis items"), @"
    2 series in target/scalegate/run.json: 3 repetitions, one after the other at each size, are one round of each file: one round
    note: one round doesn't show its noise, so that shapes stay inconclusive: measure with --benchmark_enable_random_interleaving=true, or import several runs at once (`… A.json B.json`)
    BM_Smallest/k:8, wall_time over items: [256, 512, 1024, 2048, 4096, 8192], rounds 1, [3.390802058203527e-7, 3.371611328585181e-7, 3.3368198974729717e-7] at 256
    BM_Sort, wall_time over items: [256, 512, 1024, 2048, 4096, 8192], rounds 1, [2.311393180935608e-6, 2.6082138032338536e-6, 2.811272772269275e-6] at 256
    ");
}

#[test]
fn criterion_has_a_throughput_or_a_parameter() {
    assert_snapshot!(outline("criterion", &["criterion"], "--axis items"), @"
    2 series in target/scalegate/run.json: medians of repetitions, one after the other at each size; each run of the tool is one round: one round
    note: one round doesn't show its noise, so that shapes stay inconclusive: import several runs at once (`… A B`)
    sort/stable, wall_time over items: [256, 512, 1024, 2048, 4096, 8192], rounds 1, [9.241426875e-6] at 1024
    sum, wall_time over items: [256, 512, 1024, 2048, 4096, 8192], rounds 1, [5.923656116275638e-7] at 1024
    ");
    assert_snapshot!(outline("criterion", &["criterion/sort", "criterion/sort"], ""), @"
    1 series in target/scalegate/run.json: medians of repetitions, one after the other at each size; each run of the tool is one round: 2 rounds
    sort/stable, wall_time over bytes: [2048, 4096, 8192, 16384, 32768, 65536], rounds 2, [9.241426875e-6] at 8192
    ");
    assert_snapshot!(outline("criterion", &["criterion_messages.jsonl"], "--axis items"), @"
    2 series in target/scalegate/run.json: medians of repetitions, one after the other at each size; each run of the tool is one round: 2 rounds
    sort/stable, wall_time over items: [256, 512, 1024, 2048, 4096, 8192], rounds 2, [2.03030559785674e-6] at 256
    sum, wall_time over items: [256, 512, 1024, 2048, 4096, 8192], rounds 2, [1.4873410697076776e-7] at 256
    ");
    assert_snapshot!(refused("criterion", "criterion", ""), @"
    error: criterion: sum/1024: what its size counts is unknown
      help: name the directory target/criterion, or a file that cargo criterion --message-format=json wrote; give a benchmark its size with group.throughput(Throughput::Elements(size)) or as the parameter of its BenchmarkId, and say with --axis what the size counts
    ");
}

#[test]
fn divan_prints_medians_by_argument() {
    assert_snapshot!(outline("divan", &["divan.txt"], "--axis items"), @"
    3 series in target/scalegate/run.json: medians of repetitions, one after the other at each size; each run of the tool is one round: one round
    note: one round doesn't show its noise, so that shapes stay inconclusive: import several runs at once (`… A B`)
    divan_sort/collect/into/BTreeSet<u64>, wall_time over items: [256, 512, 1024, 2048, 4096, 8192], rounds 1, [3.157e-6] at 256
    divan_sort/collect/into/HashSet<u64>, wall_time over items: [256, 512, 1024, 2048, 4096, 8192], rounds 1, [5.949e-6] at 256
    divan_sort/stable, wall_time over items: [256, 512, 1024, 2048, 4096, 8192], rounds 1, [2.4369999999999997e-6] at 256
    ");
    assert_snapshot!(refused("divan", "divan.txt", ""), @"
    error: divan.txt:3: divan_sort/stable/256: what its size counts is unknown
      help: write the file with cargo bench --bench TARGET -- NAME > FILE, with a NAME whose benchmarks all have a size; give it its size with #[divan::bench(args = [256, 512, …])], and say with --axis what the size counts
    ");
}

#[test]
fn go_repeats_a_size_at_once_and_a_loop_takes_turns() {
    assert_snapshot!(
        list([
            ("-count 3", outline("go-bench", &["go_bench.txt"], "--axis items")),
            ("three runs", outline("go-bench", &["go_bench_loop.txt"], "--axis items")),
            ("two files", outline("go-bench", &["go_bench.txt", "go_bench_loop.txt"], "--axis items")),
        ]),
        @"
        -count 3
        1 series in target/scalegate/run.json: 3 repetitions, one after the other at each size, are one round of each file: one round
        note: one round doesn't show its noise, so that shapes stay inconclusive: run `go test -bench` in a loop with -count 1, and append to one file
        sort/Sort, wall_time over items: [256, 512, 1024, 2048, 4096, 8192], rounds 1, [1.8418e-5, 1.3042e-5, 1.9119e-5] at 256

        three runs
        1 series in target/scalegate/run.json: repetitions that take turns over the sizes are rounds: 3 rounds
        sort/Sort, wall_time over items: [256, 512, 1024, 2048, 4096, 8192], rounds 3, [1.0171e-5] at 256

        two files
        1 series in target/scalegate/run.json: repetitions that take turns over the sizes are rounds: 4 rounds
        sort/Sort, wall_time over items: [256, 512, 1024, 2048, 4096, 8192], rounds 4, [1.8418e-5, 1.3042e-5, 1.9119e-5] at 256
        "
    );
    assert_snapshot!(refused("go-bench", "go_bench.txt", ""), @r#"
    error: go_bench.txt:5: Sort/n=256: what its size counts is unknown
      help: write the file with go test -bench NAME > FILE, with a NAME whose benchmarks all have a size; give it its size with b.Run("items=256", …), one -cpu at a time, and say with --axis what the size counts
    "#);
}

#[test]
fn pytest_benchmark_has_medians_by_parameter() {
    assert_snapshot!(outline("pytest-benchmark", &["pytest_benchmark.json"], "--axis items"), @"
    2 series in target/scalegate/run.json: medians of repetitions, one after the other at each size; each run of the tool is one round: one round
    note: one round doesn't show its noise, so that shapes stay inconclusive: import several runs at once (`… A B`)
    test_sort.py::test_sort/order=reversed, wall_time over items: [256, 512, 1024, 2048, 4096, 8192], rounds 1, [1.4467500477621797e-6] at 256
    test_sort.py::test_sort/order=shuffled, wall_time over items: [256, 512, 1024, 2048, 4096, 8192], rounds 1, [8.797000191407278e-6] at 256
    ");
    assert_eq!(
        imported("pytest-benchmark", &["pytest_benchmark.json"], "--axis items").1.provenance.host.cpu,
        "Intel(R) Xeon(R) Processor @ 2.80GHz"
    );
    assert_snapshot!(refused("pytest-benchmark", "pytest_benchmark.json", ""), @r#"
    error: pytest_benchmark.json: benchmarks[0], test_sort.py::test_sort[shuffled-256]: what its size counts is unknown
      help: write the file with pytest --benchmark-json=FILE, and with -k NAME if not all benchmarks have a size; give a test its size with @pytest.mark.parametrize("n", [256, 512, …]), and say with --axis what the size counts, or call one of several parameters as the axis
    "#);
}

#[test]
fn llama_bench_of_a_current_release_tells_its_settings() {
    assert_snapshot!(outline("llama-bench", &["llama_bench_b11434.json"], ""), @"
    2 series in target/scalegate/run.json: 4 repetitions, one after the other at each size, are one round of each file: one round
    note: one round doesn't show its noise, so that shapes stay inconclusive: import several runs at once (`… A B`)
    llama ?B all F32/generate, wall_time over tokens: [16, 32, 64, 128], rounds 1, [0.056029264, 0.030858926000000002, 0.029690386000000003, 0.047642241] at 16
    llama ?B all F32/prefill, wall_time over tokens: [16, 32, 64, 128, 256, 512], rounds 1, [0.01699032, 0.020354644, 0.00983755, 0.014638419000000001] at 16
    ");
    let (_, run) = imported("llama-bench", &["llama_bench_b11434.json"], "");
    let settings: Vec<String> = run.series[0].protocol.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_snapshot!(settings.join(" "), @"backends=CPU cpu_mask=0x0 cpu_strict=false devices=auto embeddings=false flash_attn=-1 lazy_mode=auto load_mode=auto main_gpu=0 n_batch=2048 n_cpu_moe=0 n_gpu_layers=-1 n_threads=1 n_ubatch=512 no_host=false no_kv_offload=false no_op_offload=0 poll=50 repack=true split_mode=layer tensor_buft_overrides=none tensor_split=0.00 type_k=f16 type_v=f16");
}

#[test]
fn an_axis_with_a_unit_shows_prefixes() {
    let place = Place::new();
    let mut command = place.command(&format!("import hyperfine {} --name seq", fixture("hyperfine_n.json")));
    command.args(["--axis", "output (B)"]).assert().success();
    assert_eq!(place.record().series[0].axis.to_string(), "output (B)");
    let laws = stdout(&place.scalegate("fit").success());
    assert!(laws.contains("/MB"), "{laws}");
}

#[test]
fn a_name_is_given_to_one_workload_alone() {
    assert_snapshot!(refused("google-benchmark", "google_benchmark_sort.json", "--axis items --name sort"), @"
    error: --name: there are several workloads: `BM_Smallest/k:8`, `BM_Sort`
      help: leave --name out, or let the tool run one benchmark alone
    ");
    let place = Place::new();
    let mut command = place.command(&format!("import hyperfine {} --axis lines", fixture("hyperfine_n.json")));
    assert_snapshot!(stderr(&command.args(["--name", " "]).assert().code(2)), @"
    error: --name: a series without a workload
      help: give it a name such as `sort/stable`
    ");
    assert!(!place.path(RUN).exists());
}
