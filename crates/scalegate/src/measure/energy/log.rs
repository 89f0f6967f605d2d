//! The log of a meter between the machine and its power supply, as the reference method has it (arXiv 2512.16531).

use std::time::{Duration, Instant};

use super::{EnergySource, Readings};
use crate::config::EnergyLog;

/// A meter's program writes its last lines when a buffer is full or a second is over, and so after the last window.
const TAIL: Duration = Duration::from_secs(5);

/// Times as the log has them and watts, from CSV with the columns `time_s,power_w` or `time_s,volts,amperes`.
///
/// # Errors
/// Another header, a line that is none of as many numbers, or a time that does not come after the one before.
pub fn parse(text: &str) -> Result<Vec<(f64, f64)>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let header = lines.next().map(|(_, line)| fields(line)).unwrap_or_default();
    let in_watts = match header.as_slice() {
        ["time_s", "power_w"] => true,
        ["time_s", "volts", "amperes"] => false,
        other => {
            return Err(format!(
                "line 1: the columns are `{}`, and have to be `time_s,power_w` or `time_s,volts,amperes`",
                other.join(",")
            ));
        }
    };
    let mut readings: Vec<(f64, f64)> = Vec::new();
    for (index, text) in lines {
        let line = index + 1;
        let numbers: Vec<f64> = fields(text)
            .into_iter()
            .map(|field| field.parse().ok().filter(|number: &f64| number.is_finite()))
            .collect::<Option<_>>()
            .ok_or_else(|| format!("line {line}: a field that is no number"))?;
        if numbers.len() != header.len() {
            return Err(format!("line {line}: {} fields, where the header has {}", numbers.len(), header.len()));
        }
        let watts = if in_watts { numbers[1] } else { numbers[1] * numbers[2] };
        if readings.last().is_some_and(|(before, _)| *before >= numbers[0]) {
            return Err(format!("line {line}: its time does not come after that of the line before"));
        }
        readings.push((numbers[0], watts));
    }
    Ok(readings)
}

/// The fields of a line, quoted or not. They are names and numbers, of which none has a comma.
fn fields(line: &str) -> Vec<&str> {
    line.split(',').map(|field| field.trim().trim_matches('"')).collect()
}

/// A log that is written while this program measures, and read when everything has been measured.
#[derive(Debug)]
pub struct Log {
    settings: EnergyLog,
}

impl Log {
    /// The log that a suite names; it need not be there yet.
    pub fn new(settings: EnergyLog) -> Self {
        Self { settings }
    }
}

impl EnergySource for Log {
    fn describe(&self) -> String {
        format!("external meter ({})", self.settings.path.display())
    }

    fn sample(&mut self, _: u32, _: f64) {}

    fn settle(&self, until_s: f64) {
        if self.settings.align {
            // By a clock that is not known yet, nobody can say whether the last line is there.
            return std::thread::sleep(TAIL);
        }
        let start = Instant::now();
        let may_come = |last: f64| (until_s - TAIL.as_secs_f64()..until_s).contains(&last);
        while self.readings().ok().and_then(|readings| readings.last_s()).is_some_and(may_come)
            && start.elapsed() < TAIL
        {
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn readings(&self) -> Result<Readings, String> {
        let place = self.settings.path.display();
        let text = std::fs::read_to_string(&self.settings.path).map_err(|error| format!("{place}: {error}"))?;
        let readings = parse(&text).map_err(|cause| format!("{place}: {cause}"))?;
        Ok(Readings::Power(readings.into_iter().map(|(time, watts)| (time + self.settings.offset_s, watts)).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(rows: impl Iterator<Item = (f64, f64)>) -> String {
        rows.fold("time_s,power_w\n".to_owned(), |text, (time, watts)| format!("{text}{time:.3},{watts}\n"))
    }

    /// Ten readings a second for a minute: 3 W, and 8 W in the seconds 20 to 40.
    fn step() -> impl Iterator<Item = (f64, f64)> {
        (0..600).map(|i| f64::from(i) / 10.0).map(|t| (t, if (20.0..40.0).contains(&t) { 8.0 } else { 3.0 }))
    }

    fn source(text: &str, offset_s: f64) -> (tempfile::TempDir, Log) {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("meter.csv");
        std::fs::write(&path, text).unwrap();
        (place, Log::new(EnergyLog { path, offset_s, align: false }))
    }

    #[test]
    fn volts_and_amperes_are_watts() {
        assert_eq!(parse("time_s,volts,amperes\n1.0, 5.0, 2.0\n1.1, 5.1, 1.0\n").unwrap(), [(1.0, 10.0), (1.1, 5.1)]);
    }

    #[test]
    fn quotes_empty_lines_and_a_mark_of_the_byte_order_are_no_matter() {
        let text = "\u{feff}\"time_s\",\"power_w\"\r\n\r\n1.0,\"5.0\"\r\n";
        assert_eq!(parse(text).unwrap(), [(1.0, 5.0)]);
    }

    #[test]
    fn what_is_no_log_is_refused_with_its_line() {
        insta::assert_snapshot!(parse("time,power\n1,2\n").unwrap_err(), @"line 1: the columns are `time,power`, and have to be `time_s,power_w` or `time_s,volts,amperes`");
        insta::assert_snapshot!(parse("time_s,power_w\n1.0,5.0\n1.1,\n").unwrap_err(), @"line 3: a field that is no number");
        insta::assert_snapshot!(parse("time_s,power_w\n1.0,5.0\n1.0,5.0\n").unwrap_err(), @"line 3: its time does not come after that of the line before");
        insta::assert_snapshot!(parse("time_s,power_w\n1.0,5.0,2.0\n").unwrap_err(), @"line 2: 3 fields, where the header has 2");
        insta::assert_snapshot!(parse("time_s,power_w\n1.0,inf\n").unwrap_err(), @"line 2: a field that is no number");
    }

    #[test]
    fn clocks_that_differ_are_brought_together_by_the_offset() {
        let (_place, log) = source(&log(step()), 1.7e9);
        let readings = log.readings().unwrap();
        let energy = readings.energy_j(1.7e9 + 22.0, 1.7e9 + 26.0).unwrap();
        assert!((energy - 32.0).abs() < 1e-3, "{energy}");
        let (_place, log) = source(&self::log(step()), 0.0);
        let reason = log.readings().unwrap().energy_j(1.7e9 + 22.0, 1.7e9 + 26.0).unwrap_err();
        insta::assert_snapshot!(reason, @"the readings cover 0.000 s to 59.900 s, and the window is 1700000022.000 s to 1700000026.000 s (since 1970); if it is another clock, give its offset as energy_log.offset_s, or set energy_log.align");
    }

    #[test]
    fn a_gap_within_a_window_is_no_number_and_one_outside_is_no_matter() {
        let (_place, log) = source(&log(step().filter(|(t, _)| !(30.0..32.0).contains(t))), 0.0);
        let readings = log.readings().unwrap();
        insta::assert_snapshot!(readings.energy_j(28.0, 35.0).unwrap_err(), @"the readings have a gap of 2.10 s, where they usually come every 0.100 s");
        assert!((readings.energy_j(22.0, 26.0).unwrap() - 32.0).abs() < 1e-3);
    }

    #[test]
    fn the_tail_of_a_log_that_is_still_written_is_waited_for() {
        use std::io::Write;
        let (place, log) = source(&log(step()), 0.0);
        let path = place.path().join("meter.csv");
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(200));
            std::fs::OpenOptions::new().append(true).open(path).unwrap().write_all(b"60.000,3\n60.100,3\n").unwrap();
        });
        log.settle(60.05);
        assert_eq!(log.readings().unwrap().last_s(), Some(60.1));
        writer.join().unwrap();
    }

    #[test]
    fn a_log_that_is_not_there_is_named() {
        let log = Log::new(EnergyLog { path: "no/such/meter.csv".into(), offset_s: 0.0, align: false });
        insta::assert_snapshot!(log.readings().unwrap_err(), @"no/such/meter.csv: No such file or directory (os error 2)");
    }
}
