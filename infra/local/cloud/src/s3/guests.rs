//! Tools of one's own come with whatever key pair they hold (`test`, `minioadmin`, one of AWS): as the DynamoDB endpoint, the S3
//! endpoint takes them all, since it protects nothing. What is signed with the local pair is checked to the letter, so that the
//! product's own clients fail here and not first on AWS; what is not signed at all is refused.

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderName, HeaderValue};
use s3s::access::{S3Access, S3AccessContext};
use s3s::{S3Result, s3_error};

use crate::clients::credentials;

/// Marks a request whose signature was made with another key pair and taken off.
static GUEST: HeaderName = HeaderName::from_static("x-levier-guest");

/// The access key that a request is signed with (Signature Version 4), where it has one.
fn access_key(authorization: &HeaderValue) -> Option<&str> {
    let fields = authorization
        .to_str()
        .ok()?
        .strip_prefix("AWS4-HMAC-SHA256")?;
    let credential = fields
        .split(',')
        .find_map(|field| field.trim().strip_prefix("Credential="))?;
    credential.split('/').next()
}

/// Takes the signature off a request that is signed with another pair than the local one, whose secret cannot be known here.
///
/// A body that is signed piece by piece keeps its signature: only with the secret can it be read, and it is refused for that.
pub(super) fn welcome(headers: &mut HeaderMap) {
    headers.remove(&GUEST);
    let guest = headers
        .get(AUTHORIZATION)
        .and_then(access_key)
        .is_some_and(|key| key != credentials().access_key_id);
    let in_pieces = headers
        .get("x-amz-content-sha256")
        .is_some_and(|hash| hash.as_bytes().starts_with(b"STREAMING-"));
    if guest && !in_pieces {
        headers.remove(AUTHORIZATION);
        headers.insert(GUEST.clone(), HeaderValue::from_static("1"));
    }
}

/// Lets in what is rightly signed, and guests.
pub(super) struct LetIn;

#[async_trait::async_trait]
impl S3Access for LetIn {
    async fn check(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        if request.credentials().is_some() || request.headers().contains_key(&GUEST) {
            Ok(())
        } else {
            Err(s3_error!(
                AccessDenied,
                "sign the request; any key pair serves here"
            ))
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_signatures_of_others_are_taken_off() {
        let signed = |key: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential={key}/20261125/eu-west-3/s3/aws4_request, SignedHeaders=host, Signature=00"
            )
        };
        for (case, authorization, hash, guest) in [
            (
                "another pair",
                Some(signed("test")),
                "UNSIGNED-PAYLOAD",
                true,
            ),
            (
                "the local pair",
                Some(signed(credentials().access_key_id)),
                "UNSIGNED-PAYLOAD",
                false,
            ),
            (
                "piece by piece",
                Some(signed("test")),
                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
                false,
            ),
            ("not signed", None, "UNSIGNED-PAYLOAD", false),
            (
                "another scheme",
                Some("Bearer x".to_owned()),
                "UNSIGNED-PAYLOAD",
                false,
            ),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-amz-content-sha256", hash.parse().unwrap());
            // Nobody lets himself in.
            headers.insert(GUEST.clone(), HeaderValue::from_static("1"));
            if let Some(authorization) = &authorization {
                headers.insert(AUTHORIZATION, authorization.parse().unwrap());
            }
            welcome(&mut headers);
            assert_eq!(headers.contains_key(&GUEST), guest, "{case}");
            let kept = authorization.is_some() && !guest;
            assert_eq!(headers.contains_key(AUTHORIZATION), kept, "{case}");
        }
    }
}
