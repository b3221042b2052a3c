//! The access log: one line for each answer, when its last byte was handed over.
//!
//! Promises: the pattern of the route and never the address, nothing of headers or bodies, so
//! that no secret gets in; every word in it is ours or was checked.

use crate::base::UserId;
use crate::base::time::duration_ms;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::Method;
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

/// What is known of a request.
#[derive(Debug)]
pub struct Line {
    /// How it asked.
    pub method: &'static str,
    /// The pattern that it met; `-` when none.
    pub route: String,
    /// The id of the request.
    pub id: String,
    /// From where.
    pub address: Option<IpAddr>,
    /// When it came.
    pub started: Instant,
}

/// A line that is written when it is dropped.
struct Open {
    line: Line,
    status: u16,
    user: Option<UserId>,
    bytes: u64,
}

/// The method as one of those that exist: others are as long as their sender likes.
pub fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// Writes the line of an answer when its body is through.
pub fn follow(response: Response, line: Line, user: Option<UserId>) -> Response {
    let open = Open {
        line,
        status: response.status().as_u16(),
        user,
        bytes: 0,
    };
    response.map(|body| Body::new(Followed { body, open }))
}

struct Followed {
    body: Body,
    open: Open,
}

impl HttpBody for Followed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(task);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            self.open.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let Line {
            method,
            route,
            id,
            address,
            started,
        } = &self.line;
        tracing::info!(
            target: "access",
            method,
            route,
            status = self.status,
            ms = duration_ms(started.elapsed()),
            bytes = self.bytes,
            user = self.user.map(|user| user.to_string()),
            address = address.map(|address| address.to_string()),
            request_id = id,
        );
    }
}
