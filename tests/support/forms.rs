//! Files on their way to the appliance: forms with a file, and small files of each kind.

use super::client::{Client, Reply};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

/// Between the fields of [`form`].
pub const BOUNDARY: &str = "----a-line-that-no-file-holds";

/// A form with these fields: name, name of the file, content.
pub fn form(fields: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, file, content) in fields {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; \
             filename=\"{file}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.as_bytes());
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// Sends a form as it is.
pub async fn send_form(client: &Client, path: &str, body: Vec<u8>) -> Reply {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = client.request(Method::POST, path);
    Reply::to(request.header(CONTENT_TYPE, kind).body(body)).await
}

/// Sends one file.
pub async fn send_file(client: &Client, path: &str, name: &str, content: &[u8]) -> Reply {
    send_form(client, path, form(&[("file", name, content)])).await
}

/// A PNG of this size, with `tail` behind its header.
pub fn png(width: u32, height: u32, tail: &[u8]) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    chunk.extend([8, 2, 0, 0, 0]);
    let crc = crc32fast::hash(&chunk).to_be_bytes();
    let head = b"\x89PNG\r\n\x1a\n\0\0\0\r".as_slice();
    [head, &chunk, &crc, tail].concat()
}

/// A JPG of this size, with `tail` behind its frame header.
pub fn jpg(width: u16, height: u16, tail: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8];
    bytes.extend(height.to_be_bytes());
    bytes.extend(width.to_be_bytes());
    bytes.extend([3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]);
    bytes.extend(tail);
    bytes
}

/// A PDF with this text in it.
pub fn pdf(text: &str) -> Vec<u8> {
    format!("%PDF-1.7\n% {text}\n%%EOF\n").into_bytes()
}
