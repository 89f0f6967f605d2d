"""Prints the tables of docs/compression.md from what ci/compression.sh has measured in WORK: python3 ci/compression.py WORK."""

import json
import re
import statistics
import sys
from pathlib import Path

FORMS = {"svd": "svd", "mpo": "mpo", "calibrated": "svd, calibrated", "healed": "svd, calibrated, healed"}
KEEPS = ["0.9", "0.8", "0.7", "0.6", "0.5", "0.4", "0.3", "0.2"]
ORIGINAL = "reference"


class Costs:
    """The costs of run records by model, as ratios to those of the original."""

    def __init__(self, records):
        self.series = {}
        for series in (series for record in records for series in record["series"] if series["metric"] in METRICS):
            if "unavailable" in series:
                sys.exit(f"{series['workload']} {series['metric']}: {series['unavailable']}; measure again")
            cells = {}
            for sample in series["samples"]:
                cells.setdefault(sample["round"], {})[sample["size"]] = statistics.median(sample["values"])
            self.series[series["workload"], series["metric"]] = cells

    def ratio(self, model, phase, metric, of):
        """The median over rounds of what `of` makes of the costs by size, over the same of the original."""
        ours, theirs = (self.series[f"{name}/llm/{phase}", metric] for name in (model, ORIGINAL))
        return statistics.median(of(costs) / of(theirs[number]) for number, costs in ours.items())


def largest(costs):
    return costs[max(costs)]


def slope(costs):
    """What a cost grows by from the smallest to the largest size, for each token between them."""
    return (costs[max(costs)] - costs[min(costs)]) / (max(costs) - min(costs))


COLUMNS = {
    "prefill, slope": ("prefill", "wall_time", slope),
    "prefill, 255": ("prefill", "wall_time", largest),
    "decode, slope": ("decode", "wall_time", slope),
    "decode, 255": ("decode", "wall_time", largest),
    "`cpu_auc`, prefill": ("prefill", "cpu_auc", largest),
    "`cpu_auc`, decode": ("decode", "cpu_auc", largest),
    "`peak_rss`": ("prefill", "peak_rss", largest),
    "instructions, prefill": ("prefill", "instructions", largest),
    "instructions, decode": ("decode", "instructions", largest),
}
METRICS = {metric for _, metric, _ in COLUMNS.values()}


def table(header, rows):
    print(f"| {' | '.join(header)} |\n|{'---|' * len(header)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def parameters(work, name):
    """What the summary of `scalegate compress` says that remains."""
    text = (work / f"{name}.txt").read_text(encoding="utf-8")
    remaining, of = re.search(r"(\d+) of (\d+) in the model", text).groups()
    return int(remaining), int(of)


def words(value, factor=1.0, digits=1, unit=""):
    """An estimate with its interval."""
    estimate, lower, upper = (factor * value[key] for key in ("estimate", "lower", "upper"))
    return f"{estimate:+.{digits}f}{unit} ({lower:+.{digits}f} to {upper:+.{digits}f})"


def accuracy_row(work, form, keep):
    name = f"{form}-{keep}"
    accuracy = json.loads((work / f"{name}.json").read_text(encoding="utf-8"))
    remaining, of = parameters(work, name.replace("healed", "calibrated"))
    size = (work / name / "onnx/model.onnx").stat().st_size
    return [
        FORMS[form],
        keep,
        f"{remaining} ({remaining / of - 1:+.0%})",
        str(size),
        f"{accuracy['candidate_perplexity']['estimate']:.2f}",
        words(accuracy["perplexity_change"], 100.0, 1, " %"),
        f"{accuracy['divergence_nats']['estimate']:.4f}",
        f"{100.0 * accuracy['top1_agreement']['estimate']:.1f} %",
        f"{100.0 * accuracy['top5_agreement']['estimate']:.1f} %",
    ]


def main():
    work = Path(sys.argv[1])
    records = [json.loads((work / f"{name}.json").read_text(encoding="utf-8")) for name in ("times", "counts")]
    costs = Costs(records)
    provenance = records[0]["provenance"]
    any_accuracy = json.loads((work / f"svd-{KEEPS[0]}.json").read_text(encoding="utf-8"))
    print(
        f"Measured on {provenance['host']['cpu']}, cores: {' + '.join(provenance['host']['cores'])}; "
        f"{provenance['build']['rustc']}.\n\n### Accuracy\n"
    )
    print(
        f"Perplexity of the original: {any_accuracy['reference_perplexity']['estimate']:.2f}, over "
        f"{any_accuracy['predicted_tokens']} tokens in {any_accuracy['passages']} passages.\n"
    )
    table(
        ["form", "keep", "parameters", "graph, bytes", "perplexity", "change", "KL, nats", "top-1", "top-5"],
        [accuracy_row(work, form, keep) for form in FORMS for keep in KEEPS],
    )
    print("\n### Cost\n")
    rows = []
    for form in ("svd", "calibrated", "mpo"):
        for keep in KEEPS:
            ratios = [f"{costs.ratio(f'{form}-{keep}', *column):.2f}" for column in COLUMNS.values()]
            rows.append([FORMS[form], keep, *ratios])
    table(["form", "keep", *COLUMNS], rows)


if __name__ == "__main__":
    main()
