//! *pure* — why an encrypted connection to somebody did not come about, in words of who has to mend it.

use std::error::Error as StdError;
use std::io;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error};

/// A sentence for what went wrong between us and `at`, a host or a host with its port; `None` when
/// it was not the encryption.
///
/// Libraries wrap the cause of TLS in theirs; it is looked for in `error` and in all that it says
/// it comes from.
#[must_use]
pub fn why(at: &str, error: &(dyn StdError + 'static)) -> Option<String> {
    Some(match of_tls(error)? {
        Error::InvalidCertificate(certificate) => of_certificate(at, certificate),
        Error::InvalidMessage(_) => format!(
            "{at} answered, but not in TLS. Check the port, and which way of encryption the server \
             wants there."
        ),
        Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::ProtocolVersion,
        )
        | Error::PeerIncompatible(_) => format!(
            "{at} and this appliance have no safe way of encryption in common (TLS 1.2 or 1.3). Its \
             software needs an update."
        ),
        other => format!("The encrypted connection to {at} failed: {other}."),
    })
}

fn of_certificate(at: &str, error: &CertificateError) -> String {
    match error {
        // The signature does not fit where an authority was made anew under its old name.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => format!(
            "Nobody who is trusted here has signed the certificate of {at}. Give the certificate of \
             the authority that signed it, as PEM text."
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!(
                "The certificate of {at} is for another name ({error}). Write the server's name as \
                 it stands there."
            )
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!(
            "The certificate of {at} has expired ({error}). It needs a new one; or the clock of this \
             machine is wrong."
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => format!(
            "The certificate of {at} is not valid yet ({error}). Check the clocks of that server and \
             of this machine."
        ),
        // What `openssl req -x509` makes unless it is told otherwise.
        CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            format!(
                "The certificate that {at} shows is one of an authority (CA:TRUE), which is not taken \
                 for a server's. Make one for the server (basicConstraints=CA:FALSE), or let that \
                 authority sign one, and give the authority here."
            )
        }
        other => format!("The certificate of {at} is not taken: {other}."),
    }
}

/// The word of rustls in a chain of causes. An `io::Error` holds it without naming it as its source.
fn of_tls<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Error> {
    if let Some(found) = error.downcast_ref::<Error>() {
        return Some(found);
    }
    if let Some(inner) = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        return of_tls(inner);
    }
    of_tls(error.source()?)
}
