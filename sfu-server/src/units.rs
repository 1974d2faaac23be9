//! Rates as people write and read them.

/// What one of each unit is, bit/s, and the letter that it is written with.
const UNITS: [(char, u64); 3] = [('k', 1_000), ('m', 1_000_000), ('g', 1_000_000_000)];

/// A rate as people say it.
pub fn rate(bps: u64) -> String {
    let hundredths = bps.saturating_add(5_000) / 10_000;
    match bps {
        0..1_000 => format!("{bps} bit/s"),
        1_000..1_000_000 => format!("{} kbit/s", bps.saturating_add(500) / 1_000),
        _ if hundredths.is_multiple_of(100) => format!("{} Mbit/s", hundredths / 100),
        _ if hundredths.is_multiple_of(10) => format!("{}.{} Mbit/s", hundredths / 100, hundredths % 100 / 10),
        _ => format!("{}.{:02} Mbit/s", hundredths / 100, hundredths % 100),
    }
}

/// The shortest way to write a rate of at least this, as [`parse`] reads it.
pub fn at_least(bps: u64) -> String {
    let hundredths = bps.div_ceil(10_000);
    match bps {
        0..1_000 => bps.to_string(),
        1_000..=999_000 => format!("{}k", bps.div_ceil(1_000)),
        _ if hundredths.is_multiple_of(100) => format!("{}M", hundredths / 100),
        _ if hundredths.is_multiple_of(10) => format!("{}.{}M", hundredths / 100, hundredths % 100 / 10),
        _ => format!("{}.{:02}M", hundredths / 100, hundredths % 100),
    }
}

/// Reads `800k`, `1.5M`, `2Mbit/s` or a plain number of bit/s; `None` for what is no whole number of bits.
pub fn parse(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let bare = ["bit/s", "bps"].iter().find_map(|unit| lower.strip_suffix(unit)).unwrap_or(&lower).trim_end();
    let in_unit = UNITS.iter().find_map(|(letter, factor)| Some((bare.strip_suffix(*letter)?.trim_end(), *factor)));
    let (number, factor) = in_unit.unwrap_or((bare, 1));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if [whole, fraction].iter().any(|part| part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let parts = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let fraction: u64 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let bits = fraction.checked_mul(factor)?;
    let whole: u64 = whole.parse().ok()?;
    bits.is_multiple_of(parts).then_some(())?;
    whole.checked_mul(factor)?.checked_add(bits.checked_div(parts)?)
}

#[cfg(test)]
mod tests {
    use super::{at_least, parse, rate};

    #[test]
    fn rates_are_said_as_people_say_them() {
        for (bps, said) in [
            (999, "999 bit/s"),
            (1_000, "1 kbit/s"),
            (499_600, "500 kbit/s"),
            (1_000_000, "1 Mbit/s"),
            (1_254_000, "1.25 Mbit/s"),
            (1_500_000, "1.5 Mbit/s"),
            (2_004_000, "2 Mbit/s"),
            (10_000_000_000, "10000 Mbit/s"),
        ] {
            assert_eq!(rate(bps), said);
        }
    }

    #[test]
    fn rates_are_read_as_people_write_them() {
        for (text, bps) in [
            ("0", 0),
            ("800000", 800_000),
            ("800k", 800_000),
            ("1.5M", 1_500_000),
            ("1.500000m", 1_500_000),
            ("2Mbit/s", 2_000_000),
            ("2 Mbit/s", 2_000_000),
            ("2 M", 2_000_000),
            ("64 kbps", 64_000),
            ("10G", 10_000_000_000),
        ] {
            assert_eq!(parse(text), Some(bps), "{text}");
        }
        for text in [
            "",
            "M",
            ".5M",
            "1.M",
            "-1",
            "1,5M",
            "1e6",
            "0.5",
            "1.2345k",
            "2kk",
            "2Mk",
            "99999999999G",
            "1.00000000000000000000001",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_for_a_rate_is_never_less() {
        for bps in [999, 1_000, 1_001, 998_999, 999_001, 1_000_000, 1_000_001, 3_073_460, 3_500_000, 10_000_000_000] {
            let read = parse(&at_least(bps)).unwrap();
            assert!(read >= bps && read - bps <= bps / 100 + 1_000, "{bps}: {}", at_least(bps));
        }
        assert_eq!((at_least(3_073_460).as_str(), at_least(317_300).as_str()), ("3.08M", "318k"));
    }
}
