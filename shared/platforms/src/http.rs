//! What goes in and out: a request as it arrived, and the three things that can be answered to it.
//!
//! Nothing here depends on a web server, so that a Lambda event, a local socket and a test build the same value.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A request as it arrived. Header names are lower case, in order, and may repeat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Upper case: `GET`, `POST`…
    pub method: String,
    /// Raw path, still percent-encoded.
    pub path: String,
    /// Raw query without its question mark; empty when there is none.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The exact bytes: signatures cover these and nothing else.
    pub body: Vec<u8>,
}

impl Request {
    /// The first header of that name, whatever the case of `name`.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The first query parameter of that name, percent- and plus-decoded.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        form_pairs(self.query.as_bytes())
            .into_iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    }

    /// Whether the query has a parameter of that name, empty or not.
    #[must_use]
    pub fn has_query(&self, name: &str) -> bool {
        self.query_value(name).is_some()
    }
}

/// Reads `a=1&b=two+words` as a query or a form body has it; bytes that are no UTF-8 are replaced.
#[must_use]
pub fn form_pairs(raw: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(raw);
    let decode = |part: &str| -> String {
        let spaced: Cow<'_, str> = if part.contains('+') {
            Cow::Owned(part.replace('+', " "))
        } else {
            Cow::Borrowed(part)
        };
        percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
        .collect()
}

/// What is sent back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

impl Reply {
    /// A status and nothing else.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Plain text, byte for byte.
    #[must_use]
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::with_type(status, "text/plain; charset=utf-8", body.into())
    }

    /// A JSON body.
    #[must_use]
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        Self::with_type(status, "application/json", value.to_string().into_bytes())
    }

    /// A JSON body already written, for handshakes whose tokens are plain and whose keys keep the order of the documentation.
    #[must_use]
    pub fn json_text(status: u16, text: String) -> Self {
        Self::with_type(status, "application/json", text.into_bytes())
    }

    fn with_type(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body,
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// What to do with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A handshake: send this, store nothing.
    Reply(Reply),
    /// Verified: store the delivery durably, then send this.
    Store {
        /// What to send once the delivery is stored.
        reply: Reply,
    },
    /// Send a problem document.
    Refuse(Rejection),
}

/// Why a request is refused. One text for every 401: who guesses must not learn how near the guess was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// No proof, a wrong proof, or outside the window.
    #[error(
        "the request could not be verified; compare the source's secret with the platform's settings, and the clocks"
    )]
    Unverified,
    /// The platform does not use that method here.
    #[error("this source takes {allow}")]
    Method {
        /// Value of the `Allow` header.
        allow: &'static str,
    },
    /// A handshake that cannot be answered.
    #[error("{0}")]
    BadHandshake(&'static str),
}

impl Rejection {
    /// The challenge holds more than a plain token.
    pub(crate) const CHALLENGE: Self = Self::BadHandshake(
        "the challenge is not a plain token of 1 to 256 letters, digits, dots, underscores, tildes or hyphens",
    );

    /// HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Unverified => 401,
            Self::Method { .. } => 405,
            Self::BadHandshake(_) => 400,
        }
    }

    /// Value of the `Allow` header, for 405.
    #[must_use]
    pub fn allow(&self) -> Option<&'static str> {
        if let Self::Method { allow } = self {
            Some(allow)
        } else {
            None
        }
    }

    /// Title of the problem document.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::Unverified => "Not verified",
            Self::Method { .. } => "Method not allowed",
            Self::BadHandshake(_) => "Handshake not understood",
        }
    }

    /// Detail of the problem document: what to do.
    #[must_use]
    pub fn detail(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_once() {
        let request = Request {
            query: "hub.mode=subscribe&token=a%2Bb+c&empty&x=1&x=2".to_owned(),
            ..Request::default()
        };
        for (case, name, want) in [
            ("plain", "hub.mode", Some("subscribe")),
            ("percent and plus", "token", Some("a+b c")),
            ("without a value", "empty", Some("")),
            ("the first of several", "x", Some("1")),
            ("absent", "y", None),
        ] {
            assert_eq!(request.query_value(name).as_deref(), want, "{case}");
        }
    }
}
