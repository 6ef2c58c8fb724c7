//! The wording of everything that `needs:` names in a reason.

use crate::word::Entry;

/// What `needs:` names.
pub(crate) const NEEDS: &[Entry] = &[
    (
        "events or a roster",
        "events or a roster",
        "des événements ou une liste de membres",
    ),
    (
        "people with became_customer_at, or people + deals",
        "people with became_customer_at, or people + deals",
        "des contacts avec became_customer_at, ou des contacts et des opportunités",
    ),
    (
        "mentions of competitors or the market",
        "mentions of competitors or the market",
        "des mentions de concurrents ou du marché",
    ),
    (
        "channel tags (feedback_channels of a community)",
        "channel tags (feedback_channels of a community)",
        "des étiquettes de canaux (feedback_channels d'une communauté)",
    ),
    (
        "leaves (no connected platform has told of any)",
        "members' leaves: no connected platform has told of any",
        "des départs : aucune plateforme connectée n'en a signalé",
    ),
    (
        "accepted answers (no connected platform has told of any)",
        "accepted answers: no connected platform has told of any",
        "des réponses acceptées : aucune plateforme connectée n'en a signalé",
    ),
    (
        "workspace.name",
        "workspace.name (the brand that an unaided answer names)",
        "workspace.name (la marque que nomme une réponse spontanée)",
    ),
    ("content views", "content views", "des vues de contenus"),
    ("lives", "live events", "des lives"),
    ("notifications", "notifications", "des notifications"),
    (
        "badges or points",
        "badges or points",
        "des badges ou des points",
    ),
    (
        "messages in a language that can be scored",
        "messages in a language that can be scored",
        "des messages dans une langue que l'on sait noter",
    ),
    (
        "activity of this kind in the window",
        "activity of this kind in the window",
        "une activité de ce genre dans la période",
    ),
    (
        "channel tags (off_product_channels of a community)",
        "channel tags (off_product_channels of a community)",
        "l'étiquetage des canaux (off_product_channels d'une communauté)",
    ),
    (
        "channels tagged off_product",
        "channels tagged off_product",
        "des canaux étiquetés off_product",
    ),
    (
        "orders, deals, subscriptions or became_customer_at",
        "orders, deals, subscriptions or the day on which a contact became a customer",
        "des commandes, des opportunités, des abonnements ou le jour où un contact est devenu client",
    ),
    (
        "costs of the months that are compared",
        "the costs of the months that are compared",
        "les coûts des mois comparés",
    ),
    (
        "events",
        "community events",
        "des événements de la communauté",
    ),
    (
        "events; only a roster is there",
        "community events; only a member roster is there",
        "des événements de la communauté ; il n'y a qu'une liste des membres",
    ),
    ("roster", "a member roster", "une liste des membres"),
    ("members", "a member roster", "une liste des membres"),
    ("people", "CRM contacts", "les contacts du CRM"),
    ("accounts", "CRM accounts", "les comptes du CRM"),
    ("deals", "CRM deals", "les affaires du CRM"),
    ("orders", "orders", "les commandes"),
    ("subscriptions", "subscriptions", "les abonnements"),
    ("invoices", "invoices", "les factures"),
    ("tickets", "support tickets", "les tickets du support"),
    ("surveys", "survey answers", "des réponses à des enquêtes"),
    ("spend", "advertising spend", "les dépenses d'acquisition"),
    ("costs", "community costs", "les coûts de la communauté"),
    ("web_traffic", "web traffic", "le trafic du site"),
    (
        "mentions",
        "social mentions",
        "les mentions sur les réseaux",
    ),
    ("customers", "customers", "des clients"),
    (
        "assignments",
        "randomised invitations",
        "des invitations tirées au sort",
    ),
    ("rates", "exchange rates", "des taux de change"),
    ("channel tags", "channel tags", "l'étiquetage des canaux"),
    (
        "activity",
        "community history",
        "l'historique de la communauté",
    ),
    (
        "a launch date or a first join",
        "a launch date or a first join",
        "une date de lancement ou une première arrivée",
    ),
    (
        "a published figure of this name and scope",
        "a published figure of this name and scope",
        "un indicateur publié sous ce nom et ce périmètre",
    ),
    (
        "a whole month of branded or direct traffic",
        "a whole month of branded or direct traffic",
        "un mois complet de trafic direct ou de marque",
    ),
    (
        "annual subscriptions",
        "annual subscriptions",
        "des abonnements annuels",
    ),
    (
        "became_customer_at of people",
        "became_customer_at of CRM contacts",
        "la date became_customer_at des contacts du CRM",
    ),
    (
        "created_at of people",
        "created_at of CRM contacts",
        "la date created_at des contacts du CRM",
    ),
    (
        "qualified_at of people",
        "qualified_at of CRM contacts",
        "la date qualified_at des contacts du CRM",
    ),
    (
        "people with created_at",
        "CRM contacts with created_at",
        "les contacts du CRM avec leur date created_at",
    ),
    (
        "people with qualified_at",
        "CRM contacts with qualified_at",
        "les contacts du CRM avec leur date qualified_at",
    ),
    (
        "people with qualified_at, and membership",
        "CRM contacts with qualified_at, and membership",
        "les contacts du CRM avec leur date qualified_at, et l'adhésion",
    ),
    (
        "commerce.community_promo_codes",
        "commerce.community_promo_codes in levier.toml",
        "commerce.community_promo_codes dans levier.toml",
    ),
    (
        "commerce.margin",
        "commerce.margin in levier.toml",
        "commerce.margin dans levier.toml",
    ),
    (
        "roi.cost_per_ticket",
        "roi.cost_per_ticket in levier.toml",
        "roi.cost_per_ticket dans levier.toml",
    ),
    (
        "roi.deflection_share",
        "roi.deflection_share in levier.toml",
        "roi.deflection_share dans levier.toml",
    ),
    (
        "customers with orders or subscriptions",
        "customers with orders or subscriptions",
        "des clients avec commandes ou abonnements",
    ),
    (
        "direct messages, which no connected platform reveals here",
        "direct messages, which no connected platform reveals here",
        "des messages directs, qu'aucune plateforme connectée ne révèle ici",
    ),
    (
        "four whole months of a KPI of this pillar",
        "four whole months of a KPI of this pillar",
        "quatre mois complets d'un indicateur de ce pilier",
    ),
    (
        "three whole months of a series on each side of the launch",
        "three whole months of a series on each side of the launch",
        "trois mois complets d'une série de part et d'autre du lancement",
    ),
    (
        "months of members who are customers",
        "months of members who are customers",
        "des mois de membres qui sont clients",
    ),
    (
        "orders or subscriptions",
        "orders or subscriptions",
        "des commandes ou des abonnements",
    ),
    (
        "orders, deals or subscriptions",
        "orders, deals or subscriptions",
        "des commandes, des affaires ou des abonnements",
    ),
    (
        "solved tickets",
        "solved support tickets",
        "des tickets résolus",
    ),
    (
        "solved tickets or deals won",
        "solved support tickets or deals won",
        "des tickets résolus ou des affaires gagnées",
    ),
    (
        "spend and customers",
        "acquisition spend and customers",
        "les dépenses d'acquisition et des clients",
    ),
    (
        "spend with audience",
        "spend with its audience",
        "les dépenses avec leur audience",
    ),
    (
        "spend with audience, impressions and clicks",
        "spend with audience, impressions and clicks",
        "les dépenses avec audience, impressions et clics",
    ),
    (
        "spend with purpose customer_acquisition",
        "spend with purpose customer_acquisition",
        "les dépenses dont le but est customer_acquisition",
    ),
    (
        "spend with purpose member_acquisition",
        "spend with purpose member_acquisition",
        "les dépenses dont le but est member_acquisition",
    ),
    (
        "surveys or web_traffic",
        "survey answers or web traffic",
        "des réponses à des enquêtes ou le trafic du site",
    ),
    (
        "tickets and events",
        "support tickets and community events",
        "les tickets du support et des événements de la communauté",
    ),
    // Of snapshots sealed before there were levers of one's own.
    (
        "value of content",
        "the value of a content",
        "la valeur des contenus",
    ),
    (
        "roi.levers.content_value",
        "what a content is worth (roi.levers.content_value in levier.toml)",
        "ce que vaut un contenu (roi.levers.content_value dans levier.toml)",
    ),
    (
        "24 months with a score, or 30 communities with one",
        "24 months with a score, or 30 communities with one",
        "24 mois avec un score, ou 30 communautés qui en ont un",
    ),
    (
        "people and members",
        "CRM contacts and a member roster",
        "les contacts du CRM et une liste des membres",
    ),
    (
        "became_customer_at of people, deals or orders",
        "became_customer_at of CRM contacts, deals or orders",
        "la date became_customer_at des contacts du CRM, des affaires ou des commandes",
    ),
    (
        "people with created_at, seen for the conversion window",
        "CRM contacts with created_at, seen for the conversion window",
        "les contacts du CRM avec leur date created_at, suivis pendant la fenêtre de conversion",
    ),
    (
        "spend with an audience of members and one of others",
        "spend with an audience of members and one of others",
        "les dépenses avec une audience de membres et une d'autres",
    ),
    (
        "spend with impressions and clicks, for members and for others",
        "spend with impressions and clicks, for members and for others",
        "les dépenses avec impressions et clics, pour les membres et pour les autres",
    ),
    (
        "surveys of kind csat",
        "satisfaction surveys (kind csat)",
        "des enquêtes de satisfaction (kind csat)",
    ),
    (
        "surveys of kind nps",
        "recommendation surveys (kind nps)",
        "des enquêtes de recommandation (kind nps)",
    ),
    (
        "yearly subscriptions that came due",
        "yearly subscriptions that came due",
        "des abonnements annuels arrivés à échéance",
    ),
    (
        "deals, and customers",
        "deals and customers",
        "les affaires et des clients",
    ),
    (
        "subscriptions that ran a year before the end",
        "subscriptions that ran a year before the end",
        "des abonnements en cours un an avant la fin",
    ),
];
