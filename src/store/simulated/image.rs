//! The bytes of one file, page by page: what was never written takes no room, and a copy of the
//! whole costs little, because pages are shared until one is changed.

use crate::store::overlay::Still;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

/// Bytes of a page, as the kernel caches and the file system allots them.
pub(super) const PAGE: usize = 4096;

#[derive(Clone, Debug, Default)]
pub(super) struct Image {
    len: u64,
    pages: BTreeMap<u64, Arc<[u8; PAGE]>>,
}

impl Image {
    pub(super) const fn len(&self) -> u64 {
        self.len
    }

    /// Pages that take room on the disk.
    pub(super) fn allotted(&self) -> usize {
        self.pages.len()
    }

    pub(super) fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset + out.len() as u64 > self.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (page, inside, part) in pieces(offset, out.len(), PAGE) {
            let target = &mut out[part];
            match self.pages.get(&page) {
                Some(bytes) => target.copy_from_slice(&bytes[inside..inside + target.len()]),
                None => target.fill(0),
            }
        }
        Ok(())
    }

    /// Writes, and grows to hold it.
    pub(super) fn write(&mut self, offset: u64, data: &[u8]) {
        for (page, inside, part) in pieces(offset, data.len(), PAGE) {
            let bytes = Arc::make_mut(
                self.pages
                    .entry(page)
                    .or_insert_with(|| Arc::new([0; PAGE])),
            );
            bytes[inside..inside + part.len()].copy_from_slice(&data[part]);
        }
        self.len = self.len.max(offset + data.len() as u64);
    }

    /// Cuts off, or adds a hole of zeros.
    pub(super) fn set_len(&mut self, len: u64) {
        self.pages.retain(|page, _| page * (PAGE as u64) < len);
        let (last, inside) = place(len, PAGE);
        if let Some(bytes) = self.pages.get_mut(&last) {
            Arc::make_mut(bytes)[inside..].fill(0);
        }
        self.len = len;
    }

    /// How much of this write fits when so many more pages may be allotted.
    pub(super) fn fits(&self, offset: u64, len: usize, mut free: usize) -> usize {
        let mut fit = 0;
        for (page, _, part) in pieces(offset, len, PAGE) {
            if !self.pages.contains_key(&page) {
                if free == 0 {
                    return fit;
                }
                free -= 1;
            }
            fit = part.end;
        }
        fit
    }

    /// The whole page; zeros where nothing was written.
    pub(super) fn page(&self, page: u64) -> Vec<u8> {
        self.pages
            .get(&page)
            .map_or_else(|| vec![0; PAGE], |bytes| bytes.to_vec())
    }

    /// The pages that were written, in order.
    pub(super) fn written(&self) -> impl Iterator<Item = u64> + '_ {
        self.pages.keys().copied()
    }

    /// Turns one bit over, as a disk does that grows old.
    pub(super) fn flip(&mut self, page: u64, bit: usize) {
        if let Some(bytes) = self.pages.get_mut(&page) {
            Arc::make_mut(bytes)[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

impl Still for Image {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        Self::read(self, offset, out)
    }
}

/// Cuts a stretch of a file where multiples of `size` lie: number of the piece, where in it the
/// stretch begins, and which part of the stretch it holds.
pub(super) fn pieces(
    offset: u64,
    len: usize,
    size: usize,
) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == len {
            return None;
        }
        let (piece, inside) = place(offset + done as u64, size);
        let part = done..len.min(done + size - inside);
        done = part.end;
        Some((piece, inside, part))
    })
}

/// In which piece an offset lies, and where in it.
fn place(offset: u64, size: usize) -> (u64, usize) {
    let size = size as u64;
    let inside = usize::try_from(offset % size).unwrap_or_default();
    (offset / size, inside)
}
