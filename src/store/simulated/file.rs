//! One file of the simulated disk: what the program sees, and what is durable.

use super::chance::Chance;
use super::image::{Image, PAGE, pieces};
use super::{LossModel, Trouble};
use std::collections::BTreeSet;
use std::io;

/// A change that no sync has made durable yet.
#[derive(Clone, Debug)]
enum Pending {
    Write { offset: u64, data: Vec<u8> },
    Length(u64),
}

/// A file, with or without a name.
#[derive(Clone, Debug, Default)]
pub(super) struct SimulatedFile {
    /// What a power cut leaves at least.
    durable: Image,
    /// What a read sees.
    pub(super) current: Image,
    pending: Vec<Pending>,
    /// Pages whose write-back failed. The kernel takes them for clean: they are read as written,
    /// and no later sync brings them to the disk until they are written again.
    dropped: BTreeSet<u64>,
    /// The handle that holds the lock.
    pub(super) locked_by: Option<u64>,
}

impl SimulatedFile {
    /// The file as a new boot finds it.
    pub(super) fn of(image: Image) -> Self {
        Self {
            durable: image.clone(),
            current: image,
            ..Self::default()
        }
    }

    pub(super) fn write(&mut self, offset: u64, data: &[u8]) {
        self.current.write(offset, data);
        self.pending.push(Pending::Write {
            offset,
            data: data.to_vec(),
        });
        for (page, _, _) in pieces(offset, data.len(), PAGE) {
            if self.dropped.remove(&page) {
                // Dirty again, and written back as a whole.
                self.pending.push(Pending::Write {
                    offset: page * PAGE as u64,
                    data: self.current.page(page),
                });
            }
        }
    }

    pub(super) fn set_len(&mut self, len: u64) {
        self.current.set_len(len);
        self.pending.push(Pending::Length(len));
    }

    pub(super) fn sync(&mut self) {
        self.pending.clear();
        let stale: Vec<(u64, Vec<u8>)> = self
            .dropped
            .iter()
            .map(|page| (*page, self.durable.page(*page)))
            .collect();
        self.durable = self.current.clone();
        for (page, bytes) in stale {
            self.durable.write(page * PAGE as u64, &bytes);
        }
        self.durable.set_len(self.current.len());
    }

    /// A sync that the disk refused: some pages arrived, the others are forgotten.
    pub(super) fn fail_sync(&mut self, chance: &mut Chance) {
        let mut touched = BTreeSet::new();
        for pending in &self.pending {
            if let Pending::Write { offset, data } = pending {
                touched.extend(pieces(*offset, data.len(), PAGE).map(|(page, _, _)| page));
            }
        }
        for page in touched {
            if chance.percent(50) {
                self.dropped.insert(page);
            }
        }
        self.sync();
    }

    /// What a write that the disk refused leaves behind.
    pub(super) fn fail_write(&mut self, offset: u64, data: &[u8], trouble: &Trouble) {
        let arrived = trouble.arrived.min(data.len());
        if arrived > 0 {
            self.write(offset, &data[..arrived]);
        }
    }

    pub(super) fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.current.read(offset, out)
    }

    /// The file as the next boot finds it.
    pub(super) fn after_cut(&self, model: LossModel, chance: &mut Chance) -> Image {
        let mut image = self.durable.clone();
        let keep_length = match model {
            LossModel::LoseAll => return image,
            LossModel::KeepAll => {
                let mut kept = self.clone();
                kept.sync();
                return kept.durable;
            }
            _ => chance.percent(50),
        };
        let keep_percent = [10, 50, 90][chance.index(3)];
        let mut kept = Vec::new();
        let mut shortest = image.len();
        for pending in &self.pending {
            match pending {
                Pending::Length(len) => shortest = shortest.min(*len),
                Pending::Write { offset, data } => {
                    for part in model.tear(*offset, data.len(), chance) {
                        if chance.percent(keep_percent) {
                            kept.push((offset + part.start as u64, &data[part]));
                        }
                    }
                }
            }
        }
        if keep_length && chance.percent(50) {
            // It was shorter in between: what lay behind is gone.
            image.set_len(shortest);
        }
        // Without a sync nothing keeps the order: of two writes to one place either may win.
        chance.shuffle(&mut kept);
        for (offset, bytes) in kept {
            image.write(offset, bytes);
        }
        image.set_len(if keep_length {
            self.current.len()
        } else {
            self.durable.len()
        });
        image
    }
}
