//! Modbus TCP frames on the side of the device.

use super::Fault;
use crate::modbus::Function;
use crate::modbus::plan::WORDS_PER_READ_MAX;
use std::io;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest protocol data unit of the standard, bytes.
const PDU_MAX: usize = 253;

/// A request as it came.
pub(super) struct Query {
    transaction: [u8; 2],
    pub(super) unit: u8,
    function: u8,
    pub(super) asked: Asked,
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

/// Waits for the next request.
pub(super) async fn read(stream: &mut TcpStream) -> io::Result<Query> {
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
        transaction: [t0, t1],
        unit,
        function: pdu[0],
        asked: parse(&pdu),
    })
}

fn parse(pdu: &[u8]) -> Asked {
    let function = match pdu[0] {
        3 => Function::Holding,
        4 => Function::Input,
        _ => return Asked::Unknown,
    };
    let &[_, a0, a1, c0, c1] = pdu else {
        return Asked::TooMuch;
    };
    let count = u16::from_be_bytes([c0, c1]);
    if (1..=WORDS_PER_READ_MAX).contains(&count) {
        Asked::Read {
            function,
            address: u16::from_be_bytes([a0, a1]),
            count,
        }
    } else {
        Asked::TooMuch
    }
}

/// Sends the answer, bent by the fault.
pub(super) async fn write(
    stream: &mut TcpStream,
    query: &Query,
    answer: Result<Vec<u16>, u8>,
    fault: Fault,
) -> io::Result<()> {
    let bytes = bytes(query, answer, fault);
    match fault {
        Fault::Half => stream.write_all(&bytes[..bytes.len() / 2]).await,
        Fault::Twice => stream.write_all(&bytes.repeat(2)).await,
        Fault::Garbage => stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await,
        _ => stream.write_all(&bytes).await,
    }
}

fn bytes(query: &Query, answer: Result<Vec<u16>, u8>, fault: Fault) -> Vec<u8> {
    let [t0, t1] = query.transaction;
    let transaction = match fault {
        Fault::OtherTransaction => [t0, t1.wrapping_sub(1)],
        _ => [t0, t1],
    };
    let unit = match fault {
        Fault::OtherUnit => query.unit.wrapping_add(1),
        _ => query.unit,
    };
    let pdu = pdu(query, answer, fault);
    let length = u16::try_from(pdu.len() + 1).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(pdu.len() + 7);
    bytes.extend(transaction);
    bytes.extend([0, 0]);
    bytes.extend(length.to_be_bytes());
    bytes.push(unit);
    bytes.extend(pdu);
    bytes
}

fn pdu(query: &Query, answer: Result<Vec<u16>, u8>, fault: Fault) -> Vec<u8> {
    let mut words = match answer {
        Ok(words) => words,
        Err(code) => return vec![query.function | 0x80, code],
    };
    match fault {
        Fault::Short => {
            words.pop();
        }
        Fault::Long => words.push(0x4242),
        _ => {}
    }
    let function = match fault {
        Fault::OtherFunction => 7 - query.function,
        _ => query.function,
    };
    let count = u8::try_from(words.len() * 2).unwrap_or(u8::MAX);
    let mut pdu = vec![function, count];
    pdu.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    pdu
}
