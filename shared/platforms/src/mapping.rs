//! Mapping rules: JMESPath from any JSON to canonical events.
//!
//! Each rule is evaluated on `{body, item, headers}`. Rules with the same `each` share its items and the first that holds wins;
//! an item that none takes is ignored (`no_rule`); a rule that holds but lacks a required field quarantines the item and says
//! which rule, counting from 1, and which field. JMESPath has neither loops nor side effects, so a rule always ends.

use std::collections::BTreeMap;

use jmespath::{Expression, Rcvar, Variable};
use levier_domain::config::{ConfigError, MapRule};
use levier_domain::event::{Kind, Visibility};
use levier_domain::item::Item;
use serde_json::{Value, json};

use crate::attributes;
use crate::ids;
use crate::keys::Keys;
use crate::own;
use crate::platform::{BlindSpots, Delivery, Origin};
use crate::read::{Read, instant, settle};

pub(crate) const BLIND_SPOTS: BlindSpots = BlindSpots {
    en: &["whatever the sender does not post: only the sender knows what that is"],
    fr: &["tout ce que l'émetteur n'envoie pas : lui seul le sait"],
};

/// Whether a mapped source keeps a header for its rules: anything but what proves or could repeat the sender's proof.
pub(crate) fn may_keep(header: &str) -> bool {
    const SECRET: &[&str] = &[
        "auth",
        "cookie",
        "secret",
        "signature",
        "token",
        "key",
        "password",
        "credential",
    ];
    !SECRET.iter().any(|word| header.contains(word))
}

struct Rule {
    each: Option<usize>,
    when: Option<Expression<'static>>,
    kind: Kind,
    id: Expression<'static>,
    occurred_at: Expression<'static>,
    optional: Vec<(Field, Expression<'static>)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Actor,
    Name,
    Email,
    Phone,
    ExternalId,
    Bot,
    Staff,
    Target,
    Channel,
    Thread,
    ReplyTo,
    Visibility,
    Text,
    Attributes,
}

/// Compiled rules.
pub(crate) struct Mapping {
    /// The different `each` expressions.
    lists: Vec<(String, Expression<'static>)>,
    rules: Vec<Rule>,
}

impl Mapping {
    /// The mapping of the configuration, if it has one.
    pub(crate) fn configured(keys: &Keys<'_>) -> Result<Option<Self>, ConfigError> {
        match &keys.config.map {
            None => Ok(None),
            Some(rules) if rules.is_empty() => {
                Err(keys.wrong("map", "has no rules; write at least one, or remove it"))
            }
            Some(rules) => Self::compile(rules)
                .map(Some)
                .map_err(|(rule, field, problem)| {
                    keys.wrong("map", format!("rule {rule}: `{field}`: {problem}"))
                }),
        }
    }

    /// Compiles rules; the error is the rule's number, the field and what is wrong.
    pub(crate) fn compile(rules: &[MapRule]) -> Result<Self, (usize, &'static str, String)> {
        let mut mapping = Self {
            lists: Vec::new(),
            rules: Vec::new(),
        };
        for (position, rule) in rules.iter().enumerate() {
            let number = position + 1;
            let expression = |field: &'static str, text: &str| {
                jmespath::compile(text).map_err(|error| {
                    (
                        number,
                        field,
                        format!(
                            "`{text}` is no JMESPath: {}",
                            first_line(&error.to_string())
                        ),
                    )
                })
            };
            let kind: Kind = rule
                .kind
                .parse()
                .map_err(|error| (number, "kind", format!("{error}")))?;
            if kind == Kind::RecordChanged {
                let problem = "a mapping cannot give a CRM record; choose another kind, or drop the records as a file";
                return Err((number, "kind", problem.to_owned()));
            }
            let each = match &rule.each {
                None => None,
                Some(text) => {
                    let known = mapping.lists.iter().position(|(known, _)| known == text);
                    Some(match known {
                        Some(position) => position,
                        None => {
                            mapping
                                .lists
                                .push((text.clone(), expression("each", text)?));
                            mapping.lists.len() - 1
                        }
                    })
                }
            };
            let mut optional = Vec::new();
            for (field, name, text) in [
                (Field::Actor, "actor", &rule.actor),
                (Field::Name, "name", &rule.name),
                (Field::Email, "email", &rule.email),
                (Field::Phone, "phone", &rule.phone),
                (Field::ExternalId, "external_id", &rule.external_id),
                (Field::Bot, "bot", &rule.bot),
                (Field::Staff, "staff", &rule.staff),
                (Field::Target, "target", &rule.target),
                (Field::Channel, "channel", &rule.channel),
                (Field::Thread, "thread", &rule.thread),
                (Field::ReplyTo, "reply_to", &rule.reply_to),
                (Field::Visibility, "visibility", &rule.visibility),
                (Field::Text, "text", &rule.text),
                (Field::Attributes, "attributes", &rule.attributes),
            ] {
                if let Some(text) = text {
                    optional.push((field, expression(name, text)?));
                }
            }
            let when = rule
                .when
                .as_ref()
                .map(|text| expression("when", text))
                .transpose()?;
            mapping.rules.push(Rule {
                each,
                when,
                kind,
                id: expression("id", &rule.id)?,
                occurred_at: expression("occurred_at", &rule.occurred_at)?,
                optional,
            });
        }
        Ok(mapping)
    }

    /// Reads a JSON body.
    pub(crate) fn items(&self, body: Value, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        let body = rcvar(body);
        let headers = rcvar(first_headers(&delivery.headers));
        let mut items = Vec::new();
        let mut untaken_body = false;
        let null = Rcvar::new(Variable::Null);
        let groups = (0..self.lists.len()).map(Some).chain([None]);
        for group in groups {
            if !self.rules.iter().any(|rule| rule.each == group) {
                continue;
            }
            let Some(list) = group else {
                match self.take(None, &scope(&body, &body, &headers), origin) {
                    Some(item) => items.push(item),
                    None => untaken_body = true,
                }
                continue;
            };
            let Some((_, each)) = self.lists.get(list) else {
                continue;
            };
            let found = match each.search(scope(&body, &null, &headers)) {
                Ok(found) => found,
                Err(_) => {
                    items.push(failed(self.first_of(group), "each"));
                    continue;
                }
            };
            match &*found {
                Variable::Null => {}
                Variable::Array(elements) => {
                    for element in elements {
                        let taken = self.take(group, &scope(&body, element, &headers), origin);
                        items.push(taken.unwrap_or_else(no_rule));
                    }
                }
                Variable::Object(_) => {
                    let taken = self.take(group, &scope(&body, &found, &headers), origin);
                    items.push(taken.unwrap_or_else(no_rule));
                }
                _ => items.push(failed(self.first_of(group), "each")),
            }
        }
        // A body whose list was read is not itself an item that nobody took.
        if items.is_empty() && (untaken_body || !self.rules.is_empty()) {
            items.push(no_rule());
        }
        items
    }

    fn first_of(&self, group: Option<usize>) -> usize {
        self.rules
            .iter()
            .position(|rule| rule.each == group)
            .map_or(0, |position| position + 1)
    }

    /// The item that the first rule of `group` which holds makes of the scope.
    fn take(&self, group: Option<usize>, scope: &Rcvar, origin: &Origin<'_>) -> Option<Item> {
        for (position, rule) in self.rules.iter().enumerate() {
            if rule.each != group {
                continue;
            }
            match rule.when.as_ref().map(|when| when.search(scope)) {
                None => {}
                Some(Ok(found)) if found.is_truthy() => {}
                Some(Ok(_)) => continue,
                Some(Err(_)) => return Some(failed(position + 1, "when")),
            }
            return Some(settle(rule.item(position + 1, scope, origin)));
        }
        None
    }
}

impl Rule {
    fn item(&self, number: usize, scope: &Rcvar, origin: &Origin<'_>) -> Result<Item, Item> {
        let value =
            |expression: &Expression<'static>, field: &'static str| -> Result<Value, Item> {
                let found = expression
                    .search(scope)
                    .map_err(|_| failed(number, field))?;
                serde_json::to_value(&*found).map_err(|_| failed(number, field))
            };
        let id = plain(&value(&self.id, "id")?).ok_or_else(|| failed(number, "id"))?;
        // An id that is an address is its key from here on: a plain hash of it could be undone.
        let id = origin.conceal(&id);
        let at = instant(&value(&self.occurred_at, "occurred_at")?)
            .ok_or_else(|| failed(number, "occurred_at"))?;
        let mut found = BTreeMap::new();
        for (field, expression) in &self.optional {
            // An optional field that fails is absent: a missing phone must not cost a message.
            let value = expression
                .search(scope)
                .ok()
                .and_then(|found| serde_json::to_value(&*found).ok())
                .unwrap_or(Value::Null);
            found.insert(*field as u8, value);
        }
        let get = |field: Field| found.get(&(field as u8)).filter(|value| !value.is_null());
        let text = |field: Field| get(field).and_then(plain);
        let reference = |field: Field| text(field).map(|text| origin.conceal(&text));
        let mut attributes = attributes::kept(get(Field::Attributes), origin);
        // What the rule itself calls a name or a text stays out, under whatever key it comes.
        let private = [text(Field::Name), text(Field::Text)];
        attributes.retain(|_, value| {
            !private
                .iter()
                .flatten()
                .any(|private| private.trim() == value)
        });
        let reply_to = reference(Field::ReplyTo);
        let message = own::message_of(self.kind, &id, reply_to.as_deref(), &attributes);
        let visibility = text(Field::Visibility).and_then(|word| word.parse::<Visibility>().ok());
        // A CloudEvent's id is unique only beside its source.
        let object = match scope.get_field("item").get_field("source").as_string() {
            Some(source) if origin.platform == "cloudevents" => ids::Object::of(&[source, &id]),
            _ => ids::own::event(&id),
        };
        let mut building = origin.event(self.kind, at, &object);
        for (key, value) in attributes {
            building = building.attribute(&key, Some(value));
        }
        Ok(building
            .actor(text(Field::Actor))
            .email(text(Field::Email).as_deref())
            .phone(text(Field::Phone).as_deref())
            .external_id(text(Field::ExternalId))
            .bot(truthy(get(Field::Bot)))
            .staff(truthy(get(Field::Staff)))
            .target(text(Field::Target))
            .channel(reference(Field::Channel))
            .thread(reference(Field::Thread))
            .reply_to(reply_to)
            .visibility(visibility)
            .message(message)
            .text(text(Field::Text))
            .item())
    }
}

fn no_rule() -> Item {
    Item::ignored("no_rule")
}

fn failed(rule: usize, field: &str) -> Item {
    Item::quarantined(format!("rule {rule}: {field} is missing or unreadable"))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// A text or a whole number, as text.
fn plain(value: &Value) -> Option<String> {
    value.id("").or_else(|| {
        // JMESPath functions give floats; a whole one is still an id.
        let number = value.as_f64()?;
        (number.fract() == 0.0 && number.abs() < 9e15).then(|| format!("{number:.0}"))
    })
}

fn truthy(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Number(number)) => number.as_f64().is_some_and(|number| number != 0.0),
        Some(Value::String(text)) => matches!(text.as_str(), "true" | "yes" | "1"),
        _ => false,
    }
}

fn rcvar(value: Value) -> Rcvar {
    Rcvar::new(Variable::from_serializable(value).unwrap_or(Variable::Null))
}

fn scope(body: &Rcvar, item: &Rcvar, headers: &Rcvar) -> Rcvar {
    Rcvar::new(Variable::Object(BTreeMap::from([
        ("body".to_owned(), body.clone()),
        ("item".to_owned(), item.clone()),
        ("headers".to_owned(), headers.clone()),
    ])))
}

/// Header names in lower case, the first value of each.
fn first_headers(headers: &[(String, String)]) -> Value {
    let mut first = serde_json::Map::new();
    for (name, value) in headers {
        first
            .entry(name.to_ascii_lowercase())
            .or_insert_with(|| json!(value));
    }
    Value::Object(first)
}
