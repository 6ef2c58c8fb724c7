//! What was merged, on which rule, and what waits for a person: `identity/`, for `levier identity` and for the jobs after this one.

use std::borrow::Cow;

use levier_domain::entity::LakeKind;
use levier_identity::{Membership, Node, Resolution};
use levier_lake::columns::{self, Builder};
use levier_lake::{Lake, LakeError, keys};

/// Writes every table of `identity/`.
///
/// # Errors
/// [`LakeError`].
pub async fn write(
    lake: &Lake,
    who: &Resolution,
    membership: &Membership,
) -> Result<(), LakeError> {
    let handles = who
        .handles()
        .map(|(platform, handle, person)| [platform.into(), handle.into(), person.into()]);
    table(lake, "handles", ["platform", "handle", "person"], handles).await?;
    let records = who
        .records()
        .map(|(source, id, person)| [source.into(), id.into(), person.into()]);
    table(lake, "records", ["source", "id", "person"], records).await?;
    let emails = who.nodes().filter_map(|(node, person)| match node {
        Node::Email(key) => Some([key, person.into()]),
        _ => None,
    });
    table(lake, "emails", ["email_key", "person"], emails).await?;
    let accounts = who
        .accounts()
        .map(|(person, account)| [person.into(), account.into()]);
    table(lake, "accounts", ["person", "account"], accounts).await?;
    let staff = membership.staff().map(|person| [person.into()]);
    table(lake, "staff", ["person"], staff).await?;
    let links = who.links().map(|link| {
        [
            link.from.to_string().into(),
            link.to.to_string().into(),
            link.rule.as_str().into(),
        ]
    });
    table(lake, "links", ["from", "to", "rule"], links).await?;
    let conflicts = who.conflicts().map(|conflict| {
        [
            conflict.link.from.to_string().into(),
            conflict.link.to.to_string().into(),
            conflict.link.rule.as_str().into(),
            conflict.refusal.as_str().into(),
        ]
    });
    table(
        lake,
        "conflicts",
        ["from", "to", "rule", "refusal"],
        conflicts,
    )
    .await?;
    let review = who.review().map(|pair| {
        [
            pair.a.to_string().into(),
            pair.b.to_string().into(),
            pair.doubt.as_str().into(),
        ]
    });
    table(lake, "review", ["a", "b", "doubt"], review).await
}

async fn table<'a, const N: usize>(
    lake: &Lake,
    name: &str,
    header: [&str; N],
    rows: impl Iterator<Item = [Cow<'a, str>; N]>,
) -> Result<(), LakeError> {
    let key = format!("{}{name}.parquet", keys::IDENTITY);
    let schema = columns::schema(header.map(|column| (column, LakeKind::Text)));
    let mut builders = header.map(|_| Builder::new(LakeKind::Text));
    for row in rows {
        for (builder, cell) in builders.iter_mut().zip(&row) {
            if let Builder::Text(builder) = builder {
                builder.append_value(cell);
            }
        }
    }
    let batch = columns::batch(&key, &schema, &mut builders)?;
    let bytes = columns::write(&key, &schema, &[batch])?;
    lake.put(&key, bytes).await
}
