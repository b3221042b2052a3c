//! A table of text: rows into a buffer, and the buffer handed on in pieces.

use super::history::Sink;
use super::number::{TimeWriter, push_decimal, push_text};
use crate::base::{Result, Timestamp};

/// Bytes of a piece; the network and the disk take it in one go.
const PIECE: usize = 128 << 10;

/// Takes a piece of the file; an error stops the work.
pub type HandOn<'a> = dyn FnMut(Vec<u8>) -> Result<()> + 'a;

/// A CSV file: `,` between cells, `\r\n` after rows (RFC 4180), times in RFC 3339, empty cells
/// for what was not measured.
pub struct Csv<'a> {
    hand_on: &'a mut HandOn<'a>,
    piece: Vec<u8>,
    time: TimeWriter,
    first: bool,
}

impl<'a> Csv<'a> {
    /// A file whose pieces go to `hand_on`.
    pub fn new(hand_on: &'a mut HandOn<'a>) -> Self {
        Self {
            hand_on,
            piece: Vec::with_capacity(PIECE + 4096),
            time: TimeWriter::default(),
            first: true,
        }
    }

    /// Hands on what is left.
    ///
    /// # Errors
    /// What the taker returned.
    pub fn finish(mut self) -> Result<()> {
        self.flush()
    }

    fn flush(&mut self) -> Result<()> {
        let next = Vec::with_capacity(PIECE + 4096);
        (self.hand_on)(std::mem::replace(&mut self.piece, next))
    }
}

impl Sink for Csv<'_> {
    fn head(&mut self, names: &[&str]) -> Result<()> {
        self.piece.extend_from_slice(names.join(",").as_bytes());
        self.piece.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn row(&mut self, at: Timestamp, equipment: Option<&str>, cells: &[Option<f64>]) -> Result<()> {
        let out = &mut self.piece;
        self.time.push(out, at);
        if let Some(equipment) = equipment {
            out.push(b',');
            push_text(out, equipment);
        }
        for cell in cells {
            out.push(b',');
            if let Some(value) = cell {
                push_decimal(out, *value);
            }
        }
        out.extend_from_slice(b"\r\n");
        if out.len() >= PIECE {
            self.flush()?;
        }
        Ok(())
    }

    fn pause(&mut self) -> Result<()> {
        // The first piece says that all is well; after it, whole pieces are quicker.
        if std::mem::take(&mut self.first) {
            self.flush()?;
        }
        Ok(())
    }

    fn remark(&mut self, sentence: &str) -> Result<()> {
        push_text(&mut self.piece, &format!("# {sentence}"));
        self.piece.extend_from_slice(b"\r\n");
        Ok(())
    }
}
