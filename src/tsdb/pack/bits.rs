//! *pure* — a stream of bits, low bits first.

/// Collects bits into bytes.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl BitWriter {
    /// Appends the low `count` bits of `value`, at most 57; the others must be 0.
    #[inline]
    pub(super) fn put(&mut self, value: u64, count: u32) {
        self.held |= value << self.count;
        self.count += count;
        let whole = self.count / 8;
        self.bytes
            .extend_from_slice(&self.held.to_le_bytes()[..whole as usize]);
        self.held = self.held.checked_shr(whole * 8).unwrap_or(0);
        self.count %= 8;
    }

    /// The bytes; the last one is filled up with zeros.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.bytes.push(self.held.to_le_bytes()[0]);
        }
        self.bytes
    }
}

/// Reads bits; behind the end there are zeros.
#[derive(Clone, Copy, Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next 57 bits or more.
    #[inline]
    pub(super) fn peek(&self) -> u64 {
        let byte = self.at / 8;
        let bits = match self.bytes.get(byte..byte + 8) {
            Some(whole) => u64::from_le_bytes(whole.try_into().unwrap_or_default()),
            None => short(self.bytes.get(byte..).unwrap_or_default()),
        };
        bits >> (self.at % 8)
    }

    /// Goes on by so many bits.
    #[inline]
    pub(super) const fn skip(&mut self, count: u32) {
        self.at += count as usize;
    }

    /// Whether the bits that were read are those that are there, up to the last byte.
    pub(super) const fn is_spent(&self) -> bool {
        self.at.div_ceil(8) == self.bytes.len()
    }
}

#[cold]
fn short(rest: &[u8]) -> u64 {
    let mut word = [0; 8];
    word[..rest.len()].copy_from_slice(rest);
    u64::from_le_bytes(word)
}
