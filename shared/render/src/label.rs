//! The names of the KPIs in both languages: one table, every id of the catalogue, in the catalogue's order.
//!
//! ```
//! use levier_render::{Language, kpi_label};
//! assert_eq!(kpi_label("leave_rate", Language::English), "Leave rate");
//! ```

use crate::language::Language;

/// The families under which the catalogue lists its KPIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    People,
    Business,
    Return,
}

impl Family {
    pub(crate) fn title(self, language: Language) -> String {
        match self {
            Self::People => {
                language.say("People and conversation", "Les membres et leurs échanges")
            }
            Self::Business => language.say("Business", "L'activité de l'entreprise"),
            Self::Return => language.say("Return", "Le retour sur investissement"),
        }
    }

    /// What an address can hold.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Business => "business",
            Self::Return => "return",
        }
    }
}

/// `(id, family, English, French)` for every id of the catalogue.
pub(crate) const KPIS: &[(&str, Family, &str, &str)] = {
    use Family::{Business, People, Return};
    &[
        ("registrations", People, "Registrations", "Inscriptions"),
        (
            "new_members_net",
            People,
            "Net new members",
            "Solde des arrivées et des départs",
        ),
        ("members", People, "Members", "Membres"),
        ("active_members", People, "Active members", "Membres actifs"),
        (
            "active_share_90d",
            People,
            "Members active in the last 90 days",
            "Membres actifs sur 90 jours",
        ),
        (
            "inactive_share_90d",
            People,
            "Members silent for 90 days",
            "Membres silencieux depuis 90 jours",
        ),
        (
            "engagement_rate",
            People,
            "Engagement rate",
            "Taux d'engagement",
        ),
        ("stickiness", People, "Stickiness", "Assiduité"),
        (
            "activity_per_member",
            People,
            "Contributions per member",
            "Contributions par membre",
        ),
        (
            "activity_per_active_member",
            People,
            "Contributions per active member",
            "Contributions par membre actif",
        ),
        ("messages", People, "Messages", "Messages"),
        (
            "messages_per_member",
            People,
            "Messages per member",
            "Messages par membre",
        ),
        (
            "messages_per_active_member",
            People,
            "Messages per active member",
            "Messages par membre actif",
        ),
        (
            "one_to_one_conversations",
            People,
            "One-to-one conversations",
            "Conversations en tête-à-tête",
        ),
        (
            "live_registrations",
            People,
            "Live registrations",
            "Inscriptions aux lives",
        ),
        (
            "live_attendees",
            People,
            "Live attendees",
            "Participants aux lives",
        ),
        (
            "live_show_up_rate",
            People,
            "Live show-up rate",
            "Taux de présence aux lives",
        ),
        (
            "crm_status_mix",
            People,
            "Members by CRM status",
            "Membres par statut CRM",
        ),
        (
            "lead_source_mix",
            People,
            "Members by lead source",
            "Membres par canal d'acquisition",
        ),
        (
            "satisfaction",
            People,
            "Satisfaction (CSAT)",
            "Satisfaction (CSAT)",
        ),
        ("leave_rate", People, "Leave rate", "Taux de départ"),
        (
            "retention_factor",
            People,
            "Arrivals per departure",
            "Arrivées pour un départ",
        ),
        (
            "member_retention",
            People,
            "Member retention",
            "Rétention des membres",
        ),
        (
            "notification_open_rate",
            People,
            "Notification open rate",
            "Taux d'ouverture des notifications",
        ),
        (
            "notification_click_rate",
            People,
            "Notification click rate",
            "Taux de clic des notifications",
        ),
        (
            "many_to_many_share",
            People,
            "Member-to-member interactions",
            "Interactions entre membres",
        ),
        (
            "member_initiated_share",
            People,
            "Threads opened by members",
            "Fils ouverts par des membres",
        ),
        (
            "peer_answer_share",
            People,
            "Questions answered by peers",
            "Questions ayant reçu une réponse de pairs",
        ),
        (
            "time_to_first_answer",
            People,
            "Time to first answer",
            "Délai de première réponse",
        ),
        (
            "unanswered_share_72h",
            People,
            "Questions unanswered after 72 h",
            "Questions sans réponse après 72 h",
        ),
        (
            "accepted_answer_share",
            People,
            "Accepted answers",
            "Réponses acceptées",
        ),
        (
            "replies_per_thread",
            People,
            "Replies per thread",
            "Réponses par fil",
        ),
        ("reciprocity", People, "Reciprocity", "Réciprocité"),
        ("champions", People, "Champions", "Ambassadeurs"),
        (
            "new_champions",
            People,
            "New champions",
            "Nouveaux ambassadeurs",
        ),
        (
            "contribution_concentration",
            People,
            "Concentration of contributions",
            "Concentration des contributions",
        ),
        (
            "off_product_share",
            People,
            "Off-product threads",
            "Fils hors produit",
        ),
        (
            "ugc",
            People,
            "User-generated content",
            "Contenus créés par les membres",
        ),
        ("referrals", People, "Referrals", "Parrainages"),
        ("sentiment", People, "Sentiment", "Tonalité"),
        ("topics", People, "Topics", "Sujets"),
        (
            "content_views",
            People,
            "Content views",
            "Vues des contenus",
        ),
        ("gamification", People, "Gamification", "Ludification"),
        (
            "average_order_value",
            Business,
            "Average order value",
            "Panier moyen",
        ),
        (
            "purchase_frequency",
            Business,
            "Purchase frequency",
            "Fréquence d'achat",
        ),
        (
            "revenue_per_customer",
            Business,
            "Revenue per customer",
            "Revenu par client",
        ),
        (
            "customer_retention",
            Business,
            "Customer retention",
            "Rétention des clients",
        ),
        ("churn_rate", Business, "Churn rate", "Taux d'attrition"),
        (
            "renewal_rate",
            Business,
            "Renewal rate",
            "Taux de renouvellement",
        ),
        (
            "lifetime_value",
            Business,
            "Lifetime value",
            "Valeur vie client",
        ),
        (
            "mrr",
            Business,
            "Monthly recurring revenue",
            "Revenu récurrent mensuel",
        ),
        (
            "arpa",
            Business,
            "Average revenue per account",
            "Revenu moyen par compte",
        ),
        (
            "net_revenue_retention",
            Business,
            "Net revenue retention",
            "Rétention nette du revenu",
        ),
        (
            "gross_revenue_retention",
            Business,
            "Gross revenue retention",
            "Rétention brute du revenu",
        ),
        (
            "conversion_rate",
            Business,
            "Conversion rate",
            "Taux de conversion",
        ),
        (
            "closing_rate",
            Business,
            "Closing rate",
            "Taux de signature",
        ),
        (
            "contracts_signed",
            Business,
            "Contracts signed",
            "Contrats signés",
        ),
        (
            "sales_cycle_days",
            Business,
            "Sales cycle",
            "Cycle de vente",
        ),
        (
            "qualified_leads",
            Business,
            "Qualified leads",
            "Prospects qualifiés",
        ),
        (
            "community_qualified_leads",
            Business,
            "Community-qualified leads",
            "Prospects qualifiés par la communauté",
        ),
        (
            "member_acquisition_cost",
            Business,
            "Member acquisition cost",
            "Coût d'acquisition d'un membre",
        ),
        (
            "customer_acquisition_cost",
            Business,
            "Customer acquisition cost",
            "Coût d'acquisition d'un client",
        ),
        ("nps", Business, "Net promoter score", "Net promoter score"),
        (
            "contact_rate",
            Business,
            "Support contact rate",
            "Taux de contact du support",
        ),
        (
            "ticket_deflection",
            Business,
            "Tickets avoided",
            "Tickets évités",
        ),
        (
            "handle_time",
            Business,
            "Handle time",
            "Durée moyenne de traitement",
        ),
        (
            "agent_productivity",
            Business,
            "Agent productivity",
            "Productivité des agents",
        ),
        (
            "promo_revenue",
            Business,
            "Revenue with community codes",
            "Revenu avec les codes de la communauté",
        ),
        (
            "heard_about_us",
            Business,
            "Heard of us through the community",
            "Nous ont connus par la communauté",
        ),
        ("mentions", Business, "Mentions", "Mentions"),
        ("share_of_voice", Business, "Share of voice", "Part de voix"),
        ("brand_awareness", Business, "Brand awareness", "Notoriété"),
        (
            "organic_traffic",
            Business,
            "Traffic by channel",
            "Trafic par canal",
        ),
        (
            "campaign_engagement",
            Business,
            "Campaign engagement",
            "Engagement des campagnes",
        ),
        (
            "before_after",
            Business,
            "Before and after the launch",
            "Avant et après le lancement",
        ),
        ("roi_costs", Return, "Costs", "Coûts"),
        ("roi_gains", Return, "Gains", "Gains"),
        (
            "roi",
            Return,
            "Return on investment",
            "Retour sur investissement",
        ),
        (
            "payback_month",
            Return,
            "Payback month",
            "Mois de rentabilité",
        ),
        (
            "uplift_by_tenure",
            Return,
            "Uplift by months since joining",
            "Effet selon l'ancienneté",
        ),
        (
            "qualitative",
            Return,
            "Testimonials and ideas",
            "Témoignages et idées",
        ),
    ]
};

/// The name of a KPI; an id that the catalogue does not have reads as its words.
#[must_use]
pub fn kpi_label(id: &str, language: Language) -> String {
    match KPIS.iter().find(|kpi| kpi.0 == id) {
        Some((_, _, english, french)) => language.say(english, french),
        None => match id {
            "spices" => "SPICES".to_owned(),
            "feedback_threads" => language.say(
                "Threads in feedback channels",
                "Fils dans les canaux de retours",
            ),
            "health_score" => language.say("Health score", "Score de santé"),
            "health_change" => {
                language.say("Change of the health score", "Évolution du score de santé")
            }
            _ => humanise(id),
        },
    }
}

/// Whether the catalogue has a KPI of this id.
#[must_use]
pub fn is_kpi(id: &str) -> bool {
    KPIS.iter().any(|kpi| kpi.0 == id)
}

/// `first_answer` reads `First answer`.
pub(crate) fn humanise(code: &str) -> String {
    let words = code.replace('_', " ");
    let mut chars = words.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_id_has_two_names_and_stands_once() {
        let ids: BTreeSet<_> = KPIS.iter().map(|kpi| kpi.0).collect();
        assert_eq!(ids.len(), KPIS.len());
        assert!(
            KPIS.iter()
                .all(|kpi| !kpi.2.is_empty() && !kpi.3.is_empty())
        );
    }

    /// The catalogue document is the source of the ids; where it is not at hand the case is skipped and says so.
    #[test]
    #[allow(clippy::print_stdout, clippy::unwrap_used)]
    fn the_catalogue_is_covered() {
        let folder = std::env::var("LEVIER_SHARED")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
        let Ok(text) = std::fs::read_to_string(format!("{folder}/KPIS.md")) else {
            assert!(
                std::env::var("CI").is_err(),
                "KPIS.md is absent from {folder}"
            );
            println!("skipped: KPIS.md is absent from {folder}");
            return;
        };
        let mut seen = 0;
        for line in text.lines().filter(|line| line.starts_with("| `")) {
            let cell = line.split('|').nth(1).unwrap();
            for id in cell.split('`').skip(1).step_by(2) {
                assert!(KPIS.iter().any(|kpi| kpi.0 == id), "{id} has no label");
                seen += 1;
            }
        }
        assert!(seen > 60, "only {seen} ids read");
    }
}
