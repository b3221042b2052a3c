//! One question to a web server: no redirect is followed, and the answer is read up to a limit.

use super::address::Address;
use super::letter::Outcome;
use crate::tls::Trust;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper::header::{HOST, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a connection may take to come about.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long the whole question may take: an SMS must be tried three times within seconds.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How much of an answer is read, bytes: the reason of a refusal is at its beginning.
const ANSWER_MAX: usize = 4_096;
/// How much of it is shown, characters.
const SHOWN_MAX: usize = 200;

/// What is sent.
pub struct Post {
    /// Where to.
    pub url: String,
    /// Headers beside those of HTTP.
    pub headers: Vec<(&'static str, String)>,
    /// What it says.
    pub body: String,
}

/// Sends it; what comes back as an outcome.
pub async fn post(trust: &Trust, ca_pem: Option<&str>, post: Post) -> Outcome {
    let at = match Address::of(&post.url) {
        Ok(at) => at,
        Err(sentence) => return Outcome::Refused(sentence.to_owned()),
    };
    let asking = ask(trust, ca_pem, &at, post);
    match timeout(ANSWER_WITHIN, asking).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(sentence)) => Outcome::Later(sentence, None),
        Err(_) => {
            let (host, seconds) = (&at.host, ANSWER_WITHIN.as_secs());
            Outcome::Later(format!("{host} did not answer within {seconds} s."), None)
        }
    }
}

async fn ask(
    trust: &Trust,
    ca_pem: Option<&str>,
    at: &Address,
    post: Post,
) -> Result<Outcome, String> {
    let (host, port) = (at.host.as_str(), at.port);
    let connected = timeout(CONNECT_WITHIN, TcpStream::connect((host, port))).await;
    let stream = match connected {
        Ok(Ok(stream)) => stream,
        Ok(Err(cause)) => return Err(unreached(host, port, &cause)),
        Err(_) => return Err(format!("{host}:{port} is not reached within 5 s.")),
    };
    if at.tls {
        let stream = trust.encrypt(ca_pem, host, stream).await?;
        talk(TokioIo::new(stream), at, post).await
    } else {
        talk(TokioIo::new(stream), at, post).await
    }
}

fn unreached(host: &str, port: u16, cause: &std::io::Error) -> String {
    match cause.kind() {
        std::io::ErrorKind::ConnectionRefused => {
            format!("Nothing listens on {host}:{port}. Check the port, and that the server runs.")
        }
        _ => format!("{host}:{port} is not reached: {cause}."),
    }
}

async fn talk<S>(stream: TokioIo<S>, at: &Address, post: Post) -> Result<Outcome, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |cause: hyper::Error| format!("{} broke the connection off: {cause}.", at.host);
    let (mut sender, connection) = http1::handshake(stream).await.map_err(broken)?;
    let running = tokio::spawn(connection);
    let mut request = Request::post(at.path.as_str())
        .header(HOST, at.authority.as_str())
        .header(USER_AGENT, concat!("indusmind/", env!("CARGO_PKG_VERSION")));
    for (name, value) in post.headers {
        request = request.header(name, value);
    }
    let request = request.body(post.body);
    let request = request.map_err(|cause| format!("The message cannot be sent: {cause}."))?;
    let answer = sender.send_request(request).await.map_err(broken)?;
    let outcome = outcome_of(answer).await;
    // What is left of a long answer is nobody's.
    running.abort();
    Ok(outcome)
}

/// What an answer means.
async fn outcome_of(answer: Response<Incoming>) -> Outcome {
    let status = answer.status();
    let seconds = answer.headers().get(RETRY_AFTER);
    let seconds = seconds.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let body = read(answer.into_body()).await;
    let said = if body.is_empty() {
        status.to_string()
    } else {
        format!("{status}: {body}")
    };
    // A wrong key or path is mended by a person while the letter waits.
    let mendable = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::NOT_FOUND,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    if status.is_success() {
        Outcome::Sent(said)
    } else if status.is_redirection() {
        Outcome::Refused(format!(
            "{status}: the server sends us elsewhere, and that is not followed. Set the address \
             that it means."
        ))
    } else if status.is_server_error() || mendable.contains(&status) {
        Outcome::Later(said, seconds.map(Duration::from_secs))
    } else {
        Outcome::Refused(said)
    }
}

/// The beginning of an answer, on one line.
async fn read(body: Incoming) -> String {
    let (mut body, mut bytes) = (pin!(body), Vec::new());
    while let Some(Ok(frame)) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
        if bytes.len() >= ANSWER_MAX {
            break;
        }
    }
    bytes.truncate(ANSWER_MAX);
    let text = String::from_utf8_lossy(&bytes);
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(SHOWN_MAX).collect()
}
