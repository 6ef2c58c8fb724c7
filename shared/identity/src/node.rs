//! What can name a person: a CRM record, a handle, a handle for a while, an e-mail key.
//!
//! A node is kept as bytes, in whose order records come before handles before spans before e-mails, records by source and id.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;

pub(crate) const RECORD: u8 = 1;
pub(crate) const HANDLE: u8 = 2;
pub(crate) const SPAN: u8 = 3;
pub(crate) const EMAIL_PACKED: u8 = 4;
pub(crate) const EMAIL: u8 = 5;

/// One name of a person, as shown in links, conflicts and reviews.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node<'a> {
    /// A CRM record: system and its own id.
    Record {
        /// The system.
        source: &'a str,
        /// Its id of the person.
        id: &'a str,
    },
    /// A member as a platform names them.
    Handle {
        /// The platform.
        platform: &'a str,
        /// Its name of the member.
        handle: &'a str,
    },
    /// A handle in the half-open time `[since, until)` of an explicit link.
    Span {
        /// The platform.
        platform: &'a str,
        /// Its name of the member.
        handle: &'a str,
        /// First instant, µs; `i64::MIN` when open.
        since: i64,
        /// End, µs; `i64::MAX` when open.
        until: i64,
    },
    /// The keyed hash of an e-mail address.
    Email(Cow<'a, str>),
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record { source, id } => write!(f, "record:{source}:{id}"),
            Self::Handle { platform, handle } => write!(f, "{platform}:{handle}"),
            Self::Span {
                platform,
                handle,
                since,
                until,
            } => {
                let instant = |us: i64| {
                    Timestamp::from_microsecond(us)
                        .map(|t| t.to_string())
                        .unwrap_or_default()
                };
                let (since, until) = (
                    if *since == i64::MIN {
                        String::new()
                    } else {
                        instant(*since)
                    },
                    if *until == i64::MAX {
                        String::new()
                    } else {
                        instant(*until)
                    },
                );
                write!(f, "{platform}:{handle}@{since}/{until}")
            }
            Self::Email(key) => write!(f, "email:{key}"),
        }
    }
}

fn pair(out: &mut Vec<u8>, kind: u8, space: &str, id: &str) {
    out.clear();
    out.push(kind);
    // A NUL ends the namespace; one inside it would make two pairs equal.
    out.extend(
        space
            .bytes()
            .map(|byte| if byte == 0 { b' ' } else { byte }),
    );
    out.push(0);
    out.extend_from_slice(id.as_bytes());
}

/// Writes the key of a record.
pub(crate) fn record_key(out: &mut Vec<u8>, source: &str, id: &str) {
    pair(out, RECORD, source, id);
}

/// Writes the key of a handle; platforms are compared without regard to case, because rosters are typed by hand.
pub(crate) fn handle_key(out: &mut Vec<u8>, platform: &str, handle: &str) {
    let platform = platform.trim();
    if platform.bytes().any(|byte| byte.is_ascii_uppercase()) {
        pair(out, HANDLE, &platform.to_ascii_lowercase(), handle);
    } else {
        pair(out, HANDLE, platform, handle);
    }
}

/// Writes the key of a handle between two instants, from the handle's key.
pub(crate) fn span_key(out: &mut Vec<u8>, handle: &[u8], since: i64, until: i64) {
    out.clear();
    out.push(SPAN);
    out.extend_from_slice(&handle[1..]);
    for instant in [since, until] {
        // Flipping the sign makes byte order the order of time.
        out.extend_from_slice(&((instant as u64) ^ (1 << 63)).to_be_bytes());
    }
}

/// Writes the key of an e-mail key; 32 lower-case hex digits are packed into 16 bytes.
pub(crate) fn email_node_key(out: &mut Vec<u8>, key: &str) {
    out.clear();
    let lower = key
        .bytes()
        .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let mut packed = [0; 16];
    if lower && key.len() == 32 && hex::decode_to_slice(key, &mut packed).is_ok() {
        out.push(EMAIL_PACKED);
        out.extend_from_slice(&packed);
    } else {
        out.push(EMAIL);
        out.extend_from_slice(key.as_bytes());
    }
}

fn text(bytes: &[u8]) -> &str {
    // Keys are only ever written from `&str`.
    std::str::from_utf8(bytes).unwrap_or_default()
}

pub(crate) fn split(bytes: &[u8]) -> (&str, &[u8]) {
    let body = &bytes[1..];
    let end = body.iter().position(|&byte| byte == 0).unwrap_or(0);
    (text(&body[..end]), &body[(end + 1).min(body.len())..])
}

/// The key of the handle that a span is about, and its two ends.
pub(crate) fn span_parts(bytes: &[u8]) -> (Vec<u8>, i64, i64) {
    let end = bytes.len() - 16;
    let mut key = bytes[..end].to_vec();
    key[0] = HANDLE;
    let instant = |from: usize| {
        let mut raw = [0; 8];
        raw.copy_from_slice(&bytes[from..from + 8]);
        (u64::from_be_bytes(raw) ^ (1 << 63)) as i64
    };
    (key, instant(end), instant(end + 8))
}

pub(crate) fn view(bytes: &[u8]) -> Node<'_> {
    match bytes[0] {
        RECORD => {
            let (source, id) = split(bytes);
            Node::Record {
                source,
                id: text(id),
            }
        }
        HANDLE => {
            let (platform, handle) = split(bytes);
            Node::Handle {
                platform,
                handle: text(handle),
            }
        }
        SPAN => {
            let (_, since, until) = span_parts(bytes);
            let (platform, handle) = split(&bytes[..bytes.len() - 16]);
            Node::Span {
                platform,
                handle: text(handle),
                since,
                until,
            }
        }
        EMAIL_PACKED => Node::Email(Cow::Owned(hex::encode(&bytes[1..]))),
        _ => Node::Email(Cow::Borrowed(text(&bytes[1..]))),
    }
}
