//! The commonest proof: one header with a MAC of the body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use levier_domain::config::{Encoding, HashAlgorithm};

use crate::http::Request;
use crate::proof::{Secret, any_secret, same};

/// `{header}: {prefix}{encoding(HMAC(secret, salt + body))}`.
pub(crate) struct BodyMac {
    pub secrets: Vec<Secret>,
    pub header: &'static str,
    pub prefix: &'static str,
    pub algorithm: HashAlgorithm,
    pub encoding: Encoding,
    /// Signed before the body and not sent.
    pub salt: &'static [u8],
}

impl BodyMac {
    /// HMAC-SHA256 in lower-case hex.
    pub(crate) fn hex(secrets: Vec<Secret>, header: &'static str, prefix: &'static str) -> Self {
        Self {
            secrets,
            header,
            prefix,
            algorithm: HashAlgorithm::Sha256,
            encoding: Encoding::Hex,
            salt: b"",
        }
    }

    /// HMAC-SHA256 in Base64.
    pub(crate) fn base64(secrets: Vec<Secret>, header: &'static str, prefix: &'static str) -> Self {
        Self {
            encoding: Encoding::Base64,
            ..Self::hex(secrets, header, prefix)
        }
    }

    fn value(&self, secret: &Secret, body: &[u8]) -> String {
        let mac = secret.mac(self.algorithm, &[self.salt, body]);
        match self.encoding {
            Encoding::Hex => format!("{}{}", self.prefix, hex::encode(mac)),
            Encoding::Base64 => format!("{}{}", self.prefix, STANDARD.encode(mac)),
        }
    }

    pub(crate) fn holds(&self, request: &Request) -> bool {
        let given = request.header(self.header).unwrap_or_default();
        any_secret(&self.secrets, |secret| {
            same(
                given.as_bytes(),
                self.value(secret, &request.body).as_bytes(),
            )
        })
    }

    pub(crate) fn sign(&self, request: &mut Request) {
        if let Some(secret) = self.secrets.first() {
            let value = self.value(secret, &request.body);
            request.headers.push((self.header.to_owned(), value));
        }
    }
}
