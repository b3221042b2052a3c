//! Writing blocks, and the marks that say where finer ones are to be looked for.

use super::blocks::{COUNTERS, LOOSE, NewBlock, PART, Stage, key, loose_key, place};
use super::placed;
use super::series::Device;
use crate::base::{Error, Result};
use crate::store::{Transaction, View as _};
use std::ops::ControlFlow;

/// Writes a block and forgets what it replaces: the parts of an older one that was longer.
pub(super) fn put(transaction: &Transaction<'_>, block: &NewBlock) -> Result<()> {
    let table = block.stage.table();
    let mut parts = 0u16;
    let place = place(block.stage, block.span, block.device);
    for part in placed::bound(&block.bytes, &place).chunks(PART) {
        transaction.put(table, &key(block.span, block.device, parts), part)?;
        parts = parts
            .checked_add(1)
            .ok_or_else(|| Error::internal("A block of readings is too long."))?;
    }
    remove_from(transaction, block.stage, block.span, block.device, parts)?;
    if let Some(next) = block.stage.next() {
        let at = block.stage.start_of(block.span);
        let mark = loose_key(block.stage, next.span_of(at));
        transaction.put(LOOSE, &mark, &placed::proof(&mark))?;
    }
    let mut coarser = block.stage.next();
    while let Some(stage) = coarser {
        let span = stage.span_of(block.stage.start_of(block.span));
        let first = key(span, block.device, 0);
        if transaction.get(stage.table(), &first)?.is_some() {
            let mark = placed::over_key(block.stage, block.span, block.device);
            return transaction.put(LOOSE, &mark, &placed::proof(&mark));
        }
        coarser = stage.next();
    }
    Ok(())
}

/// As [`put`], and forgets the finer blocks of the same span, which would override it.
pub(super) fn put_over(transaction: &Transaction<'_>, block: &NewBlock) -> Result<()> {
    put(transaction, block)?;
    let finer = match block.stage {
        Stage::Hour => return Ok(()),
        Stage::Day => Stage::Hour,
        Stage::Month => Stage::Day,
    };
    let (start, end) = (
        block.stage.start_of(block.span),
        block.stage.start_of(block.span + 1),
    );
    let waiting = transaction.get(LOOSE, &loose_key(finer, block.span))?;
    if waiting.is_some() {
        for old in finer.span_of(start)..finer.span_of(end) {
            remove(transaction, finer, old, block.device)?;
            let mark = placed::over_key(finer, old, block.device);
            transaction.remove(LOOSE, &mark)?;
        }
    }
    Ok(())
}

/// Forgets a block.
fn remove(transaction: &Transaction<'_>, stage: Stage, span: u32, device: Device) -> Result<()> {
    remove_from(transaction, stage, span, device, 0)
}

fn remove_from(
    transaction: &Transaction<'_>,
    stage: Stage,
    span: u32,
    device: Device,
    part: u16,
) -> Result<()> {
    let mut old = Vec::new();
    let (from, to) = (key(span, device, part), key(span, device, u16::MAX));
    transaction.scan(stage.table(), &from, &to, &mut |key, _| {
        old.push(key.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    if old.is_empty() {
        return Ok(());
    }
    transaction.remove_all(stage.table(), old)
}

/// Takes note that every block of `stage` in this span of the next stage is packed.
pub(super) fn packed(transaction: &Transaction<'_>, stage: Stage, next_span: u32) -> Result<()> {
    transaction
        .remove(LOOSE, &loose_key(stage, next_span))
        .map(drop)
}

/// Keeps where a device's counters stood at the end of an hour; nothing when it has none.
pub(super) fn put_counters(
    transaction: &Transaction<'_>,
    hour: u32,
    device: Device,
    bytes: &[u8],
) -> Result<()> {
    let key = key(hour, device, 0);
    if bytes.is_empty() {
        transaction.remove(COUNTERS, &key).map(drop)
    } else {
        transaction.put(COUNTERS, &key, &placed::tied(bytes, &key))
    }
}
