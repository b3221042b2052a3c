//! One error for every room: a kind for programs, a sentence for people, a cause for the log.

use serde::Serialize;
use std::fmt;

/// The result of anything that can fail in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What a program may decide on. The edge maps each kind to a status and a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The input breaks a rule; `fields` says where.
    Invalid,
    /// Nobody known is asking.
    Unauthenticated,
    /// Somebody known asks for what his role does not allow.
    Forbidden,
    /// He may, once he has shown again who he is.
    ProofWanted,
    /// There is no such thing.
    NotFound,
    /// The thing exists, but its state does not allow this now.
    Conflict,
    /// More bytes than the route takes.
    TooLarge,
    /// A content type that the route does not read.
    UnsupportedMedia,
    /// Too many attempts; the sentence says when to come back.
    RateLimited,
    /// It may work later: the disk is full, nothing fresh is known, the appliance is stopping.
    Unavailable,
    /// A fault of ours.
    Internal,
}

/// One refused input field: where it is, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Path in the request body, such as `modbus.registers.power.address`.
    pub path: String,
    /// A sentence for the person who filled the field.
    pub message: String,
}

/// An error with a kind, a sentence and, where there is one, its cause.
#[derive(Debug)]
pub struct Error {
    /// What a program decides on.
    pub kind: ErrorKind,
    /// What a person reads: it says what to do.
    pub sentence: String,
    /// Every refused field at once; empty unless the kind is [`ErrorKind::Invalid`].
    pub fields: Vec<FieldError>,
    /// Facts for programs, shown beside the sentence.
    pub details: Option<serde_json::Value>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind with this sentence.
    pub fn new(kind: ErrorKind, sentence: impl Into<String>) -> Self {
        Self {
            kind,
            sentence: sentence.into(),
            fields: Vec::new(),
            details: None,
            cause: None,
        }
    }

    /// Bad input at one place.
    pub fn invalid(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid_fields(vec![FieldError {
            path: path.into(),
            message: message.into(),
        }])
    }

    /// Bad input at several places; `fields` must not be empty.
    pub fn invalid_fields(fields: Vec<FieldError>) -> Self {
        let sentence = match fields.as_slice() {
            [only] => format!("{}: {}", only.path, only.message),
            many => format!(
                "{} fields are not valid; the details name each of them.",
                many.len()
            ),
        };
        Self {
            fields,
            ..Self::new(ErrorKind::Invalid, sentence)
        }
    }

    /// No such thing, by its kind and name.
    pub fn not_found(what: &str, which: impl fmt::Display) -> Self {
        Self::new(ErrorKind::NotFound, format!("There is no {what} {which}."))
    }

    /// The state of the thing does not allow this now.
    pub fn conflict(sentence: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, sentence)
    }

    /// It may work later.
    pub fn unavailable(sentence: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, sentence)
    }

    /// A fault of ours.
    pub fn internal(sentence: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, sentence)
    }

    /// Adds what lay underneath, for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds facts for programs.
    #[must_use]
    pub fn with_details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(details);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        if self.fields.len() > 1 {
            for field in &self.fields {
                write!(f, " [{}: {}]", field.path, field.message)?;
            }
        }
        let mut cause = self.cause.as_deref().map(|c| c as &dyn std::error::Error);
        while let Some(under) = cause {
            write!(f, " ({under})")?;
            cause = under.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Collects every refused field of a request, so that a person sees all of them at once.
#[derive(Debug, Default)]
pub struct Checks {
    fields: Vec<FieldError>,
}

impl Checks {
    /// Refuses `path` with `message` unless `holds`.
    pub fn require(&mut self, holds: bool, path: &str, message: &str) {
        if !holds {
            self.refuse(path, message);
        }
    }

    /// Refuses `path` with `message`.
    pub fn refuse(&mut self, path: &str, message: impl Into<String>) {
        self.fields.push(FieldError {
            path: path.to_owned(),
            message: message.into(),
        });
    }

    /// Takes over what others refused.
    pub fn join(&mut self, others: Self) {
        self.fields.extend(others.fields);
    }

    /// Takes over the fields of another refusal, below `prefix`; the value passes through when
    /// there was none.
    ///
    /// # Errors
    /// Anything that is not a refusal of input.
    pub fn merge<T>(&mut self, prefix: &str, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind == ErrorKind::Invalid => {
                self.fields
                    .extend(error.fields.into_iter().map(|field| FieldError {
                        path: format!("{prefix}{}", field.path),
                        message: field.message,
                    }));
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// All is well, or one error that names every refused field.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when a check was refused.
    pub fn finish(self) -> Result<()> {
        if self.fields.is_empty() {
            Ok(())
        } else {
            Err(Error::invalid_fields(self.fields))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refused_field_is_named_at_once() {
        let mut checks = Checks::default();
        checks.require(false, "name", "A name is needed.");
        checks.require(true, "type", "A type is needed.");
        let inner: Result<()> = Err(Error::invalid("port", "The port must be 1 to 65535."));
        assert!(checks.merge("modbus.", inner).unwrap().is_none());
        let error = checks.finish().unwrap_err();
        let paths: Vec<_> = error.fields.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["name", "modbus.port"]);
    }

    #[test]
    fn the_log_shows_the_whole_chain_of_causes() {
        let error = Error::internal("The store did not answer.")
            .because(std::io::Error::other("No space left on device"));
        assert_eq!(
            error.to_string(),
            "The store did not answer. (No space left on device)"
        );
    }
}
