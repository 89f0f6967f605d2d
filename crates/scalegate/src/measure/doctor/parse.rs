//! What the Mac's `pmset` says; pure.

use super::Power;

/// `pmset -g batt`: `Now drawing from 'AC Power'`.
pub(super) fn power_source(answer: &str) -> Option<Power> {
    match answer.lines().next()?.strip_prefix("Now drawing from ")?.trim() {
        "'AC Power'" => Some(Power::Mains),
        "'Battery Power'" => Some(Power::Battery),
        _ => None,
    }
}

/// `pmset -g`: ` lowpowermode  1`, or ` powermode  1` on machines that also have a mode of high power.
pub(super) fn low_power_mode(answer: &str) -> Option<bool> {
    answer.lines().find_map(|line| match *line.split_whitespace().collect::<Vec<_>>() {
        ["lowpowermode" | "powermode", mode] => Some(mode == "1"),
        _ => None,
    })
}

/// `pmset -g therm`: `CPU_Speed_Limit = 100`, in percent. Without a warning since the start there is no such line.
pub(super) fn speed_limit(answer: &str) -> Option<u32> {
    answer
        .lines()
        .find_map(|line| line.split_once("CPU_Speed_Limit")?.1.trim_start().strip_prefix('=')?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    // In the form in which others show the answers of their Macs; not taken from a Mac of this project.
    const SETTINGS: &str = include_str!("../../../tests/fixtures/doctor/pmset-g.txt");
    const BATTERY: &str = include_str!("../../../tests/fixtures/doctor/pmset-g-batt.txt");
    const THERMAL: &str = include_str!("../../../tests/fixtures/doctor/pmset-g-therm.txt");

    #[test]
    fn the_power_source_is_in_the_first_line() {
        assert_eq!(power_source(BATTERY), Some(Power::Battery));
        assert_eq!(power_source(&BATTERY.replace("Battery Power", "AC Power")), Some(Power::Mains));
        assert_eq!(power_source("No batteries available.\n"), None);
        assert_eq!(power_source(""), None);
    }

    #[test]
    fn low_power_mode_has_two_names() {
        assert_eq!(low_power_mode(SETTINGS), Some(false));
        assert_eq!(low_power_mode(" powermode            1\n"), Some(true));
        assert_eq!(low_power_mode(" powermode            2\n"), Some(false), "high power");
        assert_eq!(low_power_mode("Currently in use:\n"), None);
    }

    #[test]
    fn a_speed_limit_is_a_percentage() {
        assert_eq!(speed_limit(THERMAL), Some(85));
        assert_eq!(speed_limit("Note: No thermal warning level has been recorded\n"), None);
    }
}
