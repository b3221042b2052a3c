//! E-mail by a mail server of the plant or of a provider.

use super::carry::File;
use super::letter::{Letter, Outcome};
use super::settings::{Security, Smtp};
use crate::tls::why;
use lettre::address::AddressError;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{AsyncSmtpTransport, Error as SmtpError};
use lettre::{Address, AsyncTransport as _, Message, Tokio1Executor};
use std::error::Error as _;
use std::time::Duration;

/// How long a mail server may take for one step.
const STEP_WITHIN: Duration = Duration::from_secs(10);
/// How long it may take for all of them.
const ALL_WITHIN: Duration = Duration::from_secs(30);

/// The id under which receivers know a letter: one that comes twice has it twice.
pub fn message_id(letter: &Letter) -> String {
    format!("<{}@indusmind>", letter.id)
}

/// Sends a letter.
pub async fn send(smtp: &Smtp, password: &str, letter: &Letter, files: Vec<File>) -> Outcome {
    let message = match message(smtp, letter, files) {
        Ok(message) => message,
        Err(sentence) => return Outcome::Refused(sentence),
    };
    let transport = match transport(smtp, password) {
        Ok(transport) => transport,
        Err(sentence) => return Outcome::Later(sentence, None),
    };
    match tokio::time::timeout(ALL_WITHIN, transport.send(message)).await {
        Ok(Ok(answer)) => {
            let text: Vec<&str> = answer.message().collect();
            Outcome::Sent(format!("{} {}", answer.code(), text.join(" ")))
        }
        Ok(Err(error)) => refusal(smtp, &error),
        Err(_) => {
            let (host, seconds) = (&smtp.host, ALL_WITHIN.as_secs());
            Outcome::Later(format!("{host} took longer than {seconds} s."), None)
        }
    }
}

/// Nobody's machine answers an alert with a note of absence.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

fn message(smtp: &Smtp, letter: &Letter, files: Vec<File>) -> Result<Message, String> {
    let address = |text: &str| {
        let parsed = text.parse::<Address>();
        parsed.map_err(|cause: AddressError| format!("{text} is no e-mail address: {cause}."))
    };
    let from = Mailbox::new(Some("Indusmind".to_owned()), address(&smtp.from)?);
    let to = Mailbox::new(letter.name.clone(), address(&letter.to)?);
    let builder = Message::builder()
        .from(from)
        .to(to)
        .subject(letter.subject.clone())
        .message_id(Some(message_id(letter)))
        .header(AutoSubmitted);
    let written = if files.is_empty() {
        let builder = builder.header(ContentType::TEXT_PLAIN);
        builder.body(letter.text.clone())
    } else {
        let mut parts = MultiPart::mixed().singlepart(SinglePart::plain(letter.text.clone()));
        for file in files {
            let kind = ContentType::parse(&file.enclosed.media_type);
            let kind = kind.map_err(|cause| format!("A file cannot be enclosed: {cause}."))?;
            parts = parts.singlepart(Attachment::new(file.enclosed.name).body(file.bytes, kind));
        }
        builder.multipart(parts)
    };
    written.map_err(|cause| format!("The letter cannot be written: {cause}."))
}

fn transport(smtp: &Smtp, password: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let tls = match smtp.security {
        Security::None => Tls::None,
        Security::Starttls => Tls::Required(parameters(smtp)?),
        Security::Tls => Tls::Wrapper(parameters(smtp)?),
    };
    let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
        .port(smtp.port)
        .tls(tls)
        .timeout(Some(STEP_WITHIN))
        .hello_name(ClientId::Domain("indusmind".to_owned()));
    if let Some(user) = &smtp.username {
        builder = builder
            .credentials(Credentials::new(user.clone(), password.to_owned()))
            .authentication(vec![Mechanism::Plain, Mechanism::Login]);
    }
    Ok(builder.build())
}

fn parameters(smtp: &Smtp) -> Result<TlsParameters, String> {
    let mut builder = TlsParameters::builder(smtp.host.clone());
    if let Some(pem) = &smtp.ca_pem {
        // An authority of the site stands for itself: nobody else's word counts then.
        builder = builder.certificate_store(CertificateStore::None);
        let certificate = Certificate::from_pem(pem.as_bytes());
        builder =
            builder.add_root_certificate(certificate.map_err(|cause| {
                format!("The certificate of the authority is damaged: {cause}.")
            })?);
    }
    let built = builder.build();
    built.map_err(|cause| format!("No encrypted connection can be made: {cause}."))
}

/// What an error means, in words.
fn refusal(smtp: &Smtp, error: &SmtpError) -> Outcome {
    let at = format!("{}:{}", smtp.host, smtp.port);
    let cause = error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string);
    let Some(code) = error.status() else {
        let sentence = if let Some(sentence) = why(&at, error) {
            sentence
        } else if error.is_tls() {
            format!("The encrypted connection to {at} failed: {cause}.")
        } else if error.is_timeout() {
            format!("{at} does not answer. Check the address and the network.")
        } else if cause.to_lowercase().contains("refused") {
            format!("Nothing listens on {at}. Check the port, and that the server runs.")
        } else {
            format!("{at}: {cause}.")
        };
        return Outcome::Later(sentence, None);
    };
    let said = format!("{code} {cause}");
    match u16::from(code) {
        // A wrong password is mended by a person while the letter waits.
        530 | 534 | 535 | 538 => {
            let sentence = format!("{said}. Check user name and password of the mail server.");
            Outcome::Later(sentence, None)
        }
        500..=599 => Outcome::Refused(said),
        _ => Outcome::Later(said, None),
    }
}
