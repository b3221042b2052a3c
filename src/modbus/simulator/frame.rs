//! Modbus frames of both framings on the side of the device.

use super::fault::Fault;
use crate::modbus::frame::crc;
use crate::modbus::{Framing, Function};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The longest protocol data unit of the standard, bytes.
const PDU_MAX: usize = 253;
/// A question in RTU framing, bytes: those that these devices know all have this length.
const RTU_QUERY: usize = 8;

/// A request as it came.
pub(super) struct Query {
    /// Nothing in RTU framing.
    transaction: Option<[u8; 2]>,
    pub(super) unit: u8,
    function: u8,
    pub(super) asked: Asked,
    /// Byte by byte.
    raw: Vec<u8>,
}

/// What a request asks for.
pub(super) enum Asked {
    /// Words of a table.
    Read {
        function: Function,
        address: u16,
        count: u16,
    },
    /// No words at all, or more than a frame holds.
    TooMuch,
    /// A function that these devices do not have.
    Unknown,
}

impl Query {
    pub(super) const fn is_rtu(&self) -> bool {
        self.transaction.is_none()
    }

    /// Byte by byte.
    pub(super) fn raw(&self) -> &[u8] {
        &self.raw
    }
}

/// Waits for the next request.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    framing: Framing,
) -> io::Result<Query> {
    match framing {
        Framing::Tcp => read_tcp(stream).await,
        Framing::Rtu => read_rtu(stream).await,
    }
}

async fn read_tcp(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Query> {
    let mut header = [0; 7];
    stream.read_exact(&mut header).await?;
    let [t0, t1, p0, p1, l0, l1, unit] = header;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    if [p0, p1] != [0, 0] || !(2..=PDU_MAX + 1).contains(&length) {
        return Err(io::Error::from(io::ErrorKind::InvalidData));
    }
    let mut pdu = vec![0; length - 1];
    stream.read_exact(&mut pdu).await?;
    Ok(Query {
        transaction: Some([t0, t1]),
        unit,
        function: pdu[0],
        asked: parse(&pdu),
        raw: [&header[..], &pdu].concat(),
    })
}

/// The next eight bytes whose checksum is right; what is before them is noise.
async fn read_rtu(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Query> {
    let mut raw = Vec::with_capacity(RTU_QUERY);
    loop {
        raw.push(stream.read_u8().await?);
        if raw.len() < RTU_QUERY {
            continue;
        }
        let (data, sum) = raw.split_at(RTU_QUERY - 2);
        if crc(data).to_le_bytes() == *sum {
            return Ok(Query {
                transaction: None,
                unit: raw[0],
                function: raw[1],
                asked: parse(&raw[1..RTU_QUERY - 2]),
                raw,
            });
        }
        raw.remove(0);
    }
}

fn parse(pdu: &[u8]) -> Asked {
    let Some(function) = Function::of_code(pdu[0]) else {
        return Asked::Unknown;
    };
    let &[_, a0, a1, c0, c1] = pdu else {
        return Asked::TooMuch;
    };
    let count = u16::from_be_bytes([c0, c1]);
    if (1..=function.count_max()).contains(&count) {
        Asked::Read {
            function,
            address: u16::from_be_bytes([a0, a1]),
            count,
        }
    } else {
        Asked::TooMuch
    }
}

/// Sends a refusal with this code.
pub(super) async fn refuse(
    stream: &mut (impl AsyncWrite + Unpin),
    query: &Query,
    code: u8,
) -> io::Result<()> {
    stream
        .write_all(&bytes(query, Err(code), Fault::None))
        .await
}

/// Sends the answer, bent by the fault.
pub(super) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    query: &Query,
    answer: Result<Vec<u16>, u8>,
    fault: Fault,
) -> io::Result<()> {
    let bytes = bytes(query, answer, fault);
    match fault {
        Fault::Half => stream.write_all(&bytes[..bytes.len() / 2]).await,
        Fault::Twice => stream.write_all(&bytes.repeat(2)).await,
        Fault::Garbage => stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await,
        Fault::EchoOnly => stream.write_all(&query.raw).await,
        Fault::Echo => stream.write_all(&[&query.raw[..], &bytes].concat()).await,
        Fault::Drip(pause) => {
            for byte in bytes {
                tokio::time::sleep(pause).await;
                stream.write_all(&[byte]).await?;
            }
            Ok(())
        }
        Fault::Again(pause) => {
            stream.write_all(&bytes).await?;
            tokio::time::sleep(pause).await;
            stream.write_all(&bytes).await
        }
        _ => stream.write_all(&bytes).await,
    }
}

fn bytes(query: &Query, answer: Result<Vec<u16>, u8>, fault: Fault) -> Vec<u8> {
    let unit = match fault {
        Fault::OtherUnit => query.unit.wrapping_add(1),
        _ => query.unit,
    };
    let pdu = pdu(query, answer, fault);
    let mut bytes = Vec::with_capacity(pdu.len() + 7);
    match query.transaction {
        Some([t0, t1]) => {
            let off = u8::from(matches!(fault, Fault::OtherTransaction | Fault::Damaged));
            bytes.extend([t0, t1.wrapping_sub(off), 0, 0]);
            let length = u16::try_from(pdu.len() + 1).unwrap_or(u16::MAX);
            bytes.extend(length.to_be_bytes());
            bytes.push(unit);
            bytes.extend(pdu);
        }
        None => {
            bytes.push(unit);
            bytes.extend(pdu);
            let mut sum = crc(&bytes);
            if fault == Fault::Damaged {
                sum ^= 0x0400;
            }
            bytes.extend(sum.to_le_bytes());
        }
    }
    bytes
}

fn pdu(query: &Query, answer: Result<Vec<u16>, u8>, fault: Fault) -> Vec<u8> {
    let words = match answer {
        Ok(words) => words,
        Err(code) => return vec![query.function | 0x80, code],
    };
    let bits = Function::of_code(query.function).is_some_and(Function::is_bits);
    let mut data: Vec<u8> = match bits {
        true => words.chunks(8).map(packed).collect(),
        false => words.iter().flat_map(|word| word.to_be_bytes()).collect(),
    };
    // A word more or less, or a byte of bits.
    let unit = if bits { 1 } else { 2 };
    match fault {
        Fault::Short => data.truncate(data.len().saturating_sub(unit)),
        Fault::Long => data.extend([0x42].repeat(unit)),
        _ => {}
    }
    let function = match fault {
        Fault::OtherFunction if bits => 3 - query.function,
        Fault::OtherFunction => 7 - query.function,
        _ => query.function,
    };
    let lie = u8::from(fault == Fault::WrongByteCount) * 2;
    let count = u8::try_from(data.len()).unwrap_or(u8::MAX);
    let mut pdu = vec![function, count.saturating_add(lie)];
    pdu.extend(data);
    pdu
}

/// At most eight states in a byte, the first in its lowest bit.
fn packed(states: &[u16]) -> u8 {
    let states = states.iter().enumerate();
    states.fold(0, |byte, (bit, state)| byte | u8::from(*state != 0) << bit)
}
