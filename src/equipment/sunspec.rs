//! The search for SunSpec models in a device: the marker, then from model to model.
//!
//! A SunSpec device holds the word pair "SunS" at one of three addresses. After it come models, each
//! with its id and its length in front, and id 65535 behind the last one.

use super::asking::Asking;
use super::profile::Profiles;
use super::source::ModbusSource;
use crate::modbus::{Function, LineError};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// Where the marker may be, in the order in which makers choose (SunSpec Device Information Model
/// Specification, section 6.1: 40000, 50000 and 0).
pub const BASES: [u16; 3] = [40_000, 50_000, 0];
/// "SunS".
const MARKER: [u16; 2] = [0x5375, 0x6E53];
/// Behind the last model.
const END: u16 = 0xFFFF;
/// The most models of one device: the largest inverters have about thirty. It keeps a device that
/// answers anything from being walked for ever.
const MODELS_MAX: usize = 64;
/// The model that says who made the device.
const COMMON: u16 = 1;
/// Words of the common model without its header that we look at.
const COMMON_WORDS: u16 = 64;

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SunSpecDevice {
    /// Address of the marker on the wire.
    #[schema(example = 40_000)]
    pub base: u16,
    /// Who made it; nothing when the device does not say.
    pub common: Option<Common>,
    /// Its models, in the order of their addresses.
    pub models: Vec<ModelPlace>,
}

/// Who made the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SunSpecCommon)]
pub struct Common {
    /// Maker.
    pub manufacturer: String,
    /// Model.
    pub model: String,
    /// Firmware.
    pub version: String,
    /// Serial number.
    pub serial_number: String,
}

/// Where a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SunSpecModel)]
pub struct ModelPlace {
    /// Which model.
    #[schema(example = 203)]
    pub id: u16,
    /// Address of the word with the id, on the wire.
    pub address: u16,
    /// Words behind the header.
    pub length: u16,
}

impl SunSpecDevice {
    /// The first model of these.
    #[must_use]
    pub fn first_of(&self, ids: &[u16]) -> Option<ModelPlace> {
        let wanted = |model: &&ModelPlace| ids.contains(&model.id);
        self.models.iter().find(wanted).copied()
    }

    /// That it has none of these models, and what it has.
    #[must_use]
    pub fn lacks(&self, ids: &[u16]) -> String {
        let list = |ids: &mut dyn Iterator<Item = u16>| {
            let names: Vec<_> = ids.map(|id| id.to_string()).collect();
            names.join(", ")
        };
        let (wanted, has) = (
            list(&mut ids.iter().copied()),
            list(&mut self.models.iter().map(|model| model.id)),
        );
        format!(
            "The device has the SunSpec models {has}, and none of {wanted}. Choose another profile."
        )
    }
}

/// What is said of a device without SunSpec.
pub(super) const NOT_FOUND: &str = "The device shows no SunSpec marker at 40000, 50000 or 0. Switch \
    SunSpec on in the device, check the unit id, or choose another profile.";

/// The models to search a device for, when the source needs one and does not say where it is.
pub(super) fn models_to_find(source: &ModbusSource, profiles: &Profiles) -> Option<Vec<u16>> {
    let profile = profiles.get(source.profile.as_deref()?)?;
    let searched = source.base_address.is_none() && !profile.sunspec_models.is_empty();
    searched.then(|| profile.sunspec_models.clone())
}

/// Looks for SunSpec in a device; nothing when it has none.
///
/// # Errors
/// When the device does not answer. That it refuses an address is an answer.
pub async fn discover(
    line: &mut Asking,
    unit: u8,
    timeout: Duration,
) -> Result<Option<SunSpecDevice>, LineError> {
    let mut walk = Walk {
        line,
        unit,
        timeout,
    };
    for base in BASES {
        if walk.read(base, 2).await?.as_deref() == Some(&MARKER[..]) {
            return walk.device(base).await.map(Some);
        }
    }
    Ok(None)
}

/// A device that is being looked at.
struct Walk<'a> {
    line: &'a mut Asking,
    unit: u8,
    timeout: Duration,
}

impl Walk<'_> {
    /// The words; nothing when the device refuses this address.
    async fn read(&mut self, address: u16, count: u16) -> Result<Option<Vec<u16>>, LineError> {
        let (unit, timeout) = (self.unit, self.timeout);
        let function = Function::Holding;
        match self
            .line
            .read(unit, function, address, count, timeout)
            .await
        {
            Ok(words) => Ok(Some(words)),
            // Some refuse with 4 what they do not have.
            Err(LineError::Exception(1..=4)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn device(&mut self, base: u16) -> Result<SunSpecDevice, LineError> {
        let mut device = SunSpecDevice {
            base,
            common: None,
            models: Vec::new(),
        };
        let mut next = base.checked_add(2);
        while let Some(address) = next.filter(|_| device.models.len() < MODELS_MAX) {
            let Some([id, length]) = self.header(address).await? else {
                break;
            };
            if id == COMMON && device.common.is_none() {
                device.common = self.common(address, length).await?;
            }
            device.models.push(ModelPlace {
                id,
                address,
                length,
            });
            next = length.checked_add(2).and_then(|n| address.checked_add(n));
        }
        Ok(device)
    }

    /// Id and length of the model here; nothing behind the last one. A device that ends its chain
    /// with a refusal or with zeros is met as well.
    async fn header(&mut self, address: u16) -> Result<Option<[u16; 2]>, LineError> {
        if address == u16::MAX {
            return Ok(None);
        }
        let words = self.read(address, 2).await?;
        Ok(match words.as_deref() {
            Some(&[id, length]) if id != END && id != 0 && length != 0 => Some([id, length]),
            _ => None,
        })
    }

    async fn common(&mut self, address: u16, length: u16) -> Result<Option<Common>, LineError> {
        let Some(start) = address.checked_add(2) else {
            return Ok(None);
        };
        let words = self.read(start, length.min(COMMON_WORDS)).await?;
        Ok(words.map(|words| Common {
            manufacturer: text(&words, 0, 16),
            model: text(&words, 16, 16),
            version: text(&words, 40, 8),
            serial_number: text(&words, 48, 16),
        }))
    }
}

/// The characters of a field, two a word; zeros and blanks fill it up.
fn text(words: &[u16], from: usize, count: usize) -> String {
    let end = words.len().min(from + count);
    let field = words.get(from..end).unwrap_or_default();
    let bytes: Vec<u8> = field
        .iter()
        .flat_map(|word| word.to_be_bytes())
        .take_while(|byte| *byte != 0)
        .collect();
    let text = String::from_utf8_lossy(&bytes);
    let shown: String = text.chars().filter(|c| !c.is_control()).collect();
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_ends_at_its_first_zero() {
        let words = [0x4672, 0x6F6E, 0x6975, 0x7320, 0x0000, 0x5858];
        assert_eq!(text(&words, 0, 6), "Fronius");
        assert_eq!(text(&words, 4, 2), "");
        assert_eq!(text(&words, 40, 8), "");
    }
}
