//! Reasons that hold a number or a name: templates of both languages, `{}` where it stands.
//!
//! Jobs write these sentences with `format!`; here they are taken apart again. What stands in a hole is itself read as a reason, so
//! that `revenue_per_customer: needs: costs` reads through.

use crate::language::Language;
use crate::word::Entry;

/// `(English as written, English as read, French)`, holes in the same order in all three.
pub(crate) const TEMPLATES: &[Entry] = &[
    (
        "{} customers are left out: nothing says since when they are",
        "{} customers are left out: nothing says since when they are",
        "{} clients sont laissés de côté : rien ne dit depuis quand ils le sont",
    ),
    (
        "{} deals won are in no period: no date of closing",
        "{} deals won are in no period: no date of closing",
        "{} opportunités gagnées ne sont dans aucune période : pas de date de clôture",
    ),
    (
        "horizon {} months: no contract was followed for longer; discounted 10 % a year, margin {}",
        "horizon {} months: no contract was followed for longer; discounted 10% a year, margin {}",
        "horizon de {} mois : aucun contrat n'a été suivi plus longtemps ; actualisé à 10 % par an, marge {}",
    ),
    (
        "{} answers of others than new customers are left out",
        "{} answers of others than new customers are left out",
        "{} réponses d'autres que de nouveaux clients sont laissées de côté",
    ),
    (
        "{} answers may be of others than new customers: nothing tells who they are",
        "{} answers may be of others than new customers: nothing tells who they are",
        "{} réponses peuvent venir d'autres que de nouveaux clients : rien ne dit de qui elles sont",
    ),
    (
        "{} observations, at least {} are needed",
        "{} observations, at least {} are needed",
        "{} observations, il en faut au moins {}",
    ),
    (
        "{} is empty: nobody to compare; check how the arms are coded",
        "nobody on one side of the comparison",
        "personne d'un côté de la comparaison",
    ),
    (
        "not attributable; {} whole months on each side of the launch",
        "not attributable; {} whole months on each side of the launch",
        "non attribuable ; {} mois complets de part et d'autre du lancement",
    ),
    (
        "horizon {} months, discounted 10 % a year, margin {}",
        "horizon {} months, discounted 10% a year, margin {}",
        "horizon de {} mois, actualisé à 10 % par an, marge {}",
    ),
    (
        "fewer than {} customers whose first purchase is in sight",
        "fewer than {} customers whose first purchase is in sight",
        "moins de {} clients dont le premier achat est visible",
    ),
    (
        "fewer than {} contracts whose beginning is in sight",
        "fewer than {} contracts whose beginning is in sight",
        "moins de {} contrats dont le début est visible",
    ),
    (
        "{} rows of spend in another currency are left out",
        "{} rows of spend in another currency are left out",
        "{} lignes de dépenses dans une autre devise sont laissées de côté",
    ),
    (
        "{} cannot be measured",
        "{} cannot be measured",
        "{} : non mesurable",
    ),
    (
        "assumed (grade {}): never in the conservative return",
        "assumed (grade {}): never in the conservative return",
        "supposé (niveau {}) : jamais dans le retour prudent",
    ),
    ("{} is assumed", "{} is assumed", "{} : supposé"),
    (
        "nothing counted of {} in a whole month yet",
        "nothing counted in a whole month yet of: {}",
        "rien de compté sur un mois complet : {}",
    ),
    (
        "{}: grade {}, and how many customers came through the community is not measured",
        "{}: grade {}, and how many customers came through the community is not measured",
        "{} : niveau {}, et le nombre de clients venus par la communauté n'est pas mesuré",
    ),
    (
        "not paid back by {}",
        "not paid back by {}",
        "pas encore rentabilisé en {}",
    ),
    (
        "{} rows left out of the facts: {}",
        "{} rows left out of the facts: {}",
        "{} lignes laissées hors des faits : {}",
    ),
    (
        "silent since {}, usual silence up to {} h",
        "silent since {}, usual silence up to {} h",
        "silencieuse depuis le {}, silence habituel jusqu'à {} h",
    ),
    (
        "no exchange rate for {} on or before {}",
        "no exchange rate for {} on or before {}",
        "pas de taux de change pour {} au {} ni avant",
    ),
    (
        "needs: orders or subscriptions over more than {} months, the silence after which a customer counts as lost",
        "needs orders or subscriptions over more than {} months, the silence after which a customer counts as lost",
        "il faut des commandes ou des abonnements sur plus de {} mois, le silence après lequel un client compte comme perdu",
    ),
    (
        "needs: a figure that is published, with {}",
        "needs a figure that is published, with {}",
        "il faut un chiffre publié, avec {}",
    ),
    (
        "needs: uplift of {}",
        "needs the uplift of: {}",
        "il faut l'effet mesuré sur : {}",
    ),
    (
        "rule {}: {} is missing or unreadable",
        "rule {}: {} is missing or unreadable",
        "règle {} : {} manque ou est illisible",
    ),
    (
        "{} is missing or unreadable",
        "{} is missing or unreadable",
        "{} manque ou est illisible",
    ),
    (
        "a line of this order (line {}) cannot be read",
        "a line of this order (line {}) cannot be read",
        "une ligne de cette commande (ligne {}) est illisible",
    ),
    (
        "costs without an exchange rate are not in it: {}",
        "costs without an exchange rate are not in it: {}",
        "des coûts sans taux de change n'y sont pas : {}",
    ),
    (
        "{} cells of few members are withheld: the total holds their months, spread evenly over them",
        "{} cells of few members are withheld: the total holds their months, spread evenly over them",
        "{} cases de peu de membres sont masquées : le total compte leurs mois, répartis également entre elles",
    ),
    (
        "{}: the effect of an invitation is no effect of a month of membership, and that of joining is not known",
        "{}: the effect of an invitation is no effect of a month of membership, and that of joining is not known",
        "{} : l'effet d'une invitation n'est pas celui d'un mois d'adhésion, et celui de l'adhésion n'est pas connu",
    ),
    (
        "{} opportunities ended, and nobody says when: fill the date of closing",
        "{} opportunities ended, and nobody says when: fill the date of closing",
        "{} opportunités sont closes sans que rien ne dise quand : renseignez la date de clôture",
    ),
    (
        "{} of {} opportunities name nobody and no account that is known: check their person_id and account_id",
        "{} of {} opportunities name nobody and no account that is known: check their person_id and account_id",
        "{} opportunités sur {} ne nomment ni personne ni compte connu : vérifiez leurs person_id et account_id",
    ),
    (
        "{} did not converge after {} iterations: {}",
        "the model does not fit these data ({})",
        "le modèle ne s'ajuste pas à ces données ({})",
    ),
    // What a gate needs; the longer ones first.
    (
        "{} customers lost on either side",
        "{} customers lost on either side",
        "{} clients perdus de chaque côté",
    ),
    (
        "{} successes on either side",
        "{} successes on either side",
        "{} succès de chaque côté",
    ),
    (
        "{} months with purchases on either side",
        "{} months with purchases on either side",
        "{} mois avec achats de chaque côté",
    ),
    (
        ">= {} customers lost on either side",
        "≥ {} customers lost on either side",
        "≥ {} clients perdus de chaque côté",
    ),
    (
        ">= {} successes on either side",
        "≥ {} successes on either side",
        "≥ {} succès de chaque côté",
    ),
    (
        ">= {} months with purchases on either side",
        "≥ {} months with purchases on either side",
        "≥ {} mois avec achats de chaque côté",
    ),
    (
        ">= {} joiners in each month, else pooled",
        "≥ {} joiners in each month, else pooled",
        "≥ {} adhésions chaque mois, sinon regroupées",
    ),
    (
        ">= {} months before joining",
        "≥ {} months before joining",
        "≥ {} mois avant l'adhésion",
    ),
    (
        ">= {} on either side",
        "≥ {} on either side",
        "≥ {} de chaque côté",
    ),
    (
        "< {} standard deviations",
        "<\u{a0}{} standard deviations",
        "<\u{a0}{} écart type",
    ),
    (
        "< {} of members without like",
        "<\u{a0}{} of members without like",
        "<\u{a0}{} des membres sans semblable",
    ),
    (
        "{} of {} methods with the same sign",
        "{} of {} methods with the same sign",
        "{} méthodes sur {} de même signe",
    ),
    (
        "{} customers on either side",
        "{} customers on either side",
        "{} clients de chaque côté",
    ),
    (
        ">= {} customers (355 x skewness squared)",
        "{} customers or more (355 × skewness²)",
        "{} clients ou plus (355 × asymétrie²)",
    ),
    (
        "{} rows in another currency are left out: no exchange rate on or before their day",
        "{} rows in another currency are left out: no exchange rate on or before their day",
        "{} lignes dans une autre devise sont laissées de côté : pas de taux de change ce jour-là ni avant",
    ),
    (
        "mean days to a contract of the opportunities won within {} days: lost ones compete, open ones are censored",
        "mean days to a contract of the opportunities won within {} days: lost ones compete, open ones are censored",
        "jours moyens jusqu'au contrat des opportunités gagnées dans les {} jours : les perdues concourent, les ouvertes sont censurées",
    ),
    (
        "lifetime value: customers seen for {} months",
        "lifetime value: customers seen for {} months",
        "valeur vie client : clients suivis pendant {} mois",
    ),
    (
        "margin gained in the first {} months since joining, not modelled",
        "margin gained in the first {} months since joining, not modelled",
        "marge gagnée dans les {} premiers mois depuis l'adhésion, sans modèle",
    ),
    (
        "source {} is silent since {}",
        "source {} is silent since {}",
        "la source {} est silencieuse depuis le {}",
    ),
    (
        "suspended: source {} is silent since {}",
        "suspended: source {} is silent since {}",
        "suspendu : la source {} est silencieuse depuis le {}",
    ),
    (
        "{} is not compared: it is not told on both days",
        "{}: not compared, as it is not told on both days",
        "{} : hors comparaison, faute d'être connu aux deux dates",
    ),
    (
        "{} is withheld: too few people, here or in what could be subtracted",
        "{}: withheld, too few people here or in what could be deduced",
        "{} : masqué, trop peu de personnes ici ou dans ce qu'on pourrait en déduire",
    ),
    (
        "more {} than one run reads within its memory",
        "more {} than one run reads within its memory",
        "plus de {} qu'un passage n'en lit dans sa mémoire",
    ),
];

/// What stands in the holes of a template, if the text is one of it.
pub(crate) fn holes<'a>(template: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let mut parts = template.split("{}");
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut found = Vec::new();
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        let end = if parts.peek().is_none() {
            // The last part must end the text.
            rest.len().checked_sub(part.len())?
        } else {
            rest.find(part)?
        };
        if !rest.is_char_boundary(end) || !rest[end..].starts_with(part) || end == 0 {
            return None;
        }
        found.push(&rest[..end]);
        rest = &rest[end + part.len()..];
    }
    rest.is_empty().then_some(found)
}

/// The wording of a sentence that follows a template; `inner` reads what stands in its holes.
pub(crate) fn read(
    text: &str,
    language: Language,
    inner: &dyn Fn(&str) -> String,
) -> Option<String> {
    TEMPLATES.iter().find_map(|(written, english, french)| {
        let found = holes(written, text)?;
        let mut said = language.say(english, french);
        for hole in found {
            said = said.replacen("{}", &inner(hole), 1);
        }
        Some(said)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_found_and_nothing_else_is() {
        assert_eq!(holes("a {} b {}", "a 1 b 2"), Some(vec!["1", "2"]));
        assert_eq!(
            holes("{} is assumed", "spend is assumed"),
            Some(vec!["spend"])
        );
        assert_eq!(holes("{} is assumed", "spend is measured"), None);
        assert_eq!(holes("{} is assumed", " is assumed"), None);
        assert_eq!(holes("x {}", "y 1"), None);
        assert_eq!(holes("{} é", "aé é"), Some(vec!["aé"]));
    }

    #[test]
    fn the_languages_have_the_same_holes_or_none() {
        for (written, english, french) in TEMPLATES {
            let n = |text: &str| text.matches("{}").count();
            assert!(
                n(english) <= n(written) && n(french) == n(english),
                "{written}"
            );
        }
    }
}
