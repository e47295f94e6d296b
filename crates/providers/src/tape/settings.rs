//! The optional `tape.json`: what the folder says about itself.

use serde::Deserialize;
use ttai_ports::PortError;

use super::table::corrupt;

/// What `tape.json` may hold; every field may be absent, other fields are ignored.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    /// One line for a person.
    pub(super) description: Option<String>,
    /// Whether the prices are invented.
    pub(super) simulated: bool,
    /// The seed that they were invented from.
    pub(super) seed: Option<u64>,
    /// The discounting rate, continuously compounded, as a fraction; without it the Federal Reserve's table is used.
    pub(super) rate: Option<f64>,
}

impl Settings {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`PortError::Corrupt`] with the line where it is no such JSON, or for a rate beyond ±100 %.
    pub(super) fn read(text: &str) -> Result<Self, PortError> {
        let settings: Self = serde_json::from_str(text)
            .map_err(|error| corrupt(format!("tape.json is not what it should be: {error}")))?;
        match settings.rate {
            Some(rate) if !(-1.0..=1.0).contains(&rate) => {
                Err(corrupt(format!("tape.json: the rate {rate} is no fraction; 0.05 is 5 %")))
            }
            _ => Ok(settings),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_there() {
        let settings = Settings::read(r#"{"simulated": true, "seed": 7, "other": 1}"#).unwrap();
        assert_eq!((settings.simulated, settings.seed, settings.rate), (true, Some(7), None));
        assert_eq!(Settings::read("{}").unwrap(), Settings::default());
    }

    #[test]
    fn refuses_what_cannot_be_meant() {
        for (text, part) in [("{", "line 1"), (r#"{"rate": 4.5}"#, "0.05 is 5 %"), ("7", "tape.json")] {
            let message = Settings::read(text).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
