//! The wording of every reason that a job writes: what is needed, and why something is not there.
//!
//! `tests/it/reasons.rs` reads the sources of the jobs and fails where one of them writes a sentence that is not here.

use crate::word::Entry;

/// Reasons by code or sentence.
pub(crate) const REASONS: &[Entry] = &[
    (
        "no month of the period is over: a running one is not annualised",
        "no month of the period is over: a running one is not annualised",
        "aucun mois de la période n'est terminé : un mois en cours ne s'annualise pas",
    ),
    (
        "no click of the other audience: no ratio",
        "no click of the other audience: no ratio",
        "aucun clic de l'autre audience : pas de rapport",
    ),
    (
        "no threads in the period",
        "no threads in the period",
        "aucun fil dans la période",
    ),
    (
        "no questions in the period",
        "no questions in the period",
        "aucune question dans la période",
    ),
    (
        "no contributions",
        "no contributions",
        "aucune contribution",
    ),
    (
        "fewer than half of the questions were answered so far",
        "fewer than half of the questions were answered so far",
        "moins de la moitié des questions ont reçu une réponse à ce jour",
    ),
    (
        "nobody left: joins, without denominator",
        "nobody left: joins, without denominator",
        "personne n'est parti : arrivées, sans dénominateur",
    ),
    (
        "nothing was delivered in the period",
        "nothing was delivered in the period",
        "rien n'a été distribué dans la période",
    ),
    (
        "nothing was published",
        "nothing was published",
        "rien n'a été publié",
    ),
    (
        "fewer people than min_cell, here or in what could be subtracted",
        "too few people, here or in what could be subtracted",
        "trop peu de personnes, ici ou dans ce qu'on pourrait en déduire",
    ),
    (
        "nobody on one side: it takes 30 customers who joined two months or more after their first purchase, and 30 who have not joined",
        "nobody on one side: it takes 30 customers who joined two months or more after their first purchase, and 30 who have not joined",
        "personne d'un côté : il faut 30 clients ayant adhéré deux mois ou plus après leur premier achat, et 30 qui n'ont pas adhéré",
    ),
    (
        "non-members who are more like the members, or a holdout of invitations drawn at random",
        "non-members who are more like the members, or a holdout of invitations drawn at random",
        "des non-membres qui ressemblent davantage aux membres, ou des invitations retenues par tirage au sort",
    ),
    (
        "members who were customers for two months or more before they joined",
        "members who were customers for two months or more before they joined",
        "des membres clients depuis deux mois ou plus avant leur adhésion",
    ),
    (
        "the former customers, if they were deleted from the CRM",
        "the former customers, if they were deleted from the CRM",
        "les anciens clients, s'ils ont été supprimés du CRM",
    ),
    (
        "another draw of invitations",
        "another draw of invitations",
        "un autre tirage des invitations",
    ),
    (
        "a longer history, in which the model foresees what was bought",
        "a longer history, in which the model foresees what was bought",
        "un historique plus long, où le modèle prévoit ce qui a été acheté",
    ),
    (
        "no larger sample: a holdout of invitations drawn at random",
        "no larger sample: a holdout of invitations drawn at random",
        "pas un échantillon plus grand : des invitations retenues par tirage au sort",
    ),
    (
        "the costs are 0: a return is a ratio to costs",
        "the costs are 0: a return is a ratio to costs",
        "les coûts sont nuls : un retour se rapporte à des coûts",
    ),
    (
        "no customer has joined yet: there is nothing to multiply an effect with",
        "no customer has joined yet: there is nothing to multiply an effect with",
        "aucun client n'a encore adhéré : il n'y a rien à multiplier par un effet",
    ),
    (
        ">= the number of members",
        "≥ the number of members",
        "≥ le nombre de membres",
    ),
    (
        "logistic regression",
        "logistic regression",
        "régression logistique",
    ),
    (
        "hazard regression",
        "hazard regression",
        "régression du risque",
    ),
    (
        "difference within strata",
        "difference within strata",
        "écart au sein des strates",
    ),
    (
        "events within the horizon",
        "contracts within the days watched",
        "contrats dans les jours suivis",
    ),
    (
        "units with several rows count once for each, and are no several units",
        "units with several rows count once for each, and are no several units",
        "les unités qui ont plusieurs lignes comptent une fois pour chacune, et ne sont pas plusieurs unités",
    ),
    ("its weight is 0", "its weight is 0", "son poids est nul"),
    (
        "no delivery yet",
        "no delivery yet",
        "aucun envoi pour l'instant",
    ),
    (
        "check its webhook",
        "check its webhook",
        "vérifiez son webhook",
    ),
    (
        "check their webhooks",
        "check their webhooks",
        "vérifiez leurs webhooks",
    ),
    (
        "one that rests on fewer people than min_cell could be subtracted from it: not told, and not part of the score",
        "a group of too few people could be deduced from it: not told, and not part of the score",
        "on pourrait en déduire un groupe de trop peu de personnes : masqué, et hors du score",
    ),
    (
        "less than 70 % of the weight may be told",
        "less than 70% of the weight may be told without exposing someone",
        "moins de 70 % du poids est publiable sans exposer quelqu'un",
    ),
    (
        "less than 70 % of the weight is told on both days",
        "less than 70% of the weight is told on both days",
        "moins de 70 % du poids est connu aux deux dates",
    ),
    (
        "less than 70 % of the weight can be measured",
        "less than 70% of the weight can be measured",
        "moins de 70 % du poids est mesurable",
    ),
    (
        "it rests on fewer people than min_cell, and is not part of the score",
        "it rests on fewer people than min_cell, and is not part of the score",
        "repose sur moins de personnes que min_cell, et n'entre pas dans le score",
    ),
    (
        "responsiveness cannot be measured",
        "responsiveness cannot be measured",
        "la réactivité n'est pas mesurable",
    ),
    (
        "newcomer_retention cannot be measured",
        "the return of newcomers cannot be measured",
        "le retour des nouveaux n'est pas mesurable",
    ),
    ("same_event", "the same event again", "le même événement"),
    ("same_row", "the same row again", "la même ligne"),
    (
        "no_rule",
        "no mapping rule",
        "aucune règle de correspondance",
    ),
    (
        "no_record",
        "no record in it",
        "aucun enregistrement dedans",
    ),
    ("empty", "empty", "vide"),
    ("ping", "connection test", "test de connexion"),
    ("system_message", "system message", "message du système"),
    ("total", "totals", "totaux"),
    ("footer", "footers", "pieds de page"),
    ("preamble", "preambles", "préambules"),
    ("blank", "blank lines", "lignes vides"),
    ("repeated_header", "repeated headers", "en-têtes répétés"),
    ("deleted", "deletions", "suppressions"),
    (
        "not_enough_activity",
        "not enough activity",
        "pas assez d'activité",
    ),
    (
        "not enough activity",
        "not enough activity",
        "pas assez d'activité",
    ),
    (
        "min_cell",
        "too few people to publish without exposing someone",
        "trop peu de personnes pour publier sans exposer quelqu'un",
    ),
    (
        "min_cell_complement",
        "withheld so that a neighbour cannot be deduced",
        "masqué pour qu'une cellule voisine ne puisse être déduite",
    ),
    (
        "complement",
        "withheld so that a neighbour cannot be deduced",
        "masqué pour qu'une cellule voisine ne puisse être déduite",
    ),
    (
        "running_period",
        "the period is not over",
        "la période n'est pas terminée",
    ),
    (
        "period_running",
        "the period is not over",
        "la période n'est pas terminée",
    ),
    (
        "zero_baseline",
        "the comparison level is zero",
        "le niveau de comparaison est nul",
    ),
    (
        "no_denominator",
        "nothing to divide by",
        "rien par quoi diviser",
    ),
    (
        "no_members",
        "there are no members yet",
        "il n'y a pas encore de membres",
    ),
    (
        "no_customers",
        "there are no customers yet",
        "il n'y a pas encore de clients",
    ),
    (
        "no_non_members",
        "there is no one to compare with",
        "il n'y a personne à qui comparer",
    ),
    (
        "no_comparison",
        "there is no one to compare with",
        "il n'y a personne à qui comparer",
    ),
    (
        "rungs_disagree",
        "the methods disagree on the sign",
        "les méthodes ne s'accordent pas sur le signe",
    ),
    (
        "signs_disagree",
        "the methods disagree on the sign",
        "les méthodes ne s'accordent pas sur le signe",
    ),
    (
        "source_quiet",
        "a source has gone quiet",
        "une source s'est tue",
    ),
    (
        "no_rate",
        "no exchange rate for that day",
        "pas de taux de change à cette date",
    ),
    (
        "not_converged",
        "the fit did not converge",
        "l'ajustement n'a pas convergé",
    ),
    (
        "no_costs",
        "costs have not been dropped yet",
        "les coûts n'ont pas encore été déposés",
    ),
    ("not_reached", "not reached yet", "pas encore atteint"),
    (
        "unknown_actor",
        "author unknown to the CRM",
        "auteur inconnu du CRM",
    ),
    ("not_in_crm", "not in the CRM", "absent du CRM"),
    (
        "not_identified",
        "no identifier in common",
        "aucun identifiant commun",
    ),
    (
        "no_identifier",
        "no identifier in common",
        "aucun identifiant commun",
    ),
    ("not_customer", "not a customer", "pas client"),
    ("not_a_customer", "not a customer", "pas client"),
    ("staff", "staff", "personnel de l'entreprise"),
    ("bot", "bot", "robot"),
    (
        "unmapped",
        "no mapping rule",
        "aucune règle de correspondance",
    ),
    ("redelivery", "sent twice", "envoyé deux fois"),
    (
        "not_json",
        "the body is not JSON",
        "le corps n'est pas du JSON",
    ),
    (
        "unknown_kind",
        "event type that nothing reads",
        "type d'événement que rien ne lit",
    ),
    (
        "unknown_type",
        "event type that nothing reads",
        "type d'événement que rien ne lit",
    ),
    (
        "too_short_history",
        "the history is too short",
        "l'historique est trop court",
    ),
    (
        "no figure this time: the state before is kept",
        "no figure this time: the state before is kept",
        "pas de chiffre cette fois : l'état précédent est gardé",
    ),
    (
        "score, size or outcome did not vary: nothing to foretell",
        "score, size or outcome did not vary: nothing to foretell",
        "le score, la taille ou l'issue n'ont pas varié : rien à prévoir",
    ),
    (
        "no orders in the period",
        "no orders in the period",
        "aucune commande dans la période",
    ),
    (
        "no customers in the period",
        "no customers in the period",
        "aucun client dans la période",
    ),
    (
        "no customers at the start",
        "no customers at the start",
        "aucun client au début",
    ),
    ("no subscribers", "no subscribers", "aucun abonné"),
    (
        "nobody paid before the period",
        "nobody paid before the period",
        "personne n'avait payé avant la période",
    ),
    ("nobody joined", "nobody joined", "personne n'est arrivé"),
    (
        "no deal was closed in the period",
        "no deal was closed in the period",
        "aucune affaire conclue ou perdue dans la période",
    ),
    (
        "no deal was opened in the period",
        "no deal was opened in the period",
        "aucune affaire ouverte dans la période",
    ),
    (
        "fewer than half of the deals were won so far",
        "fewer than half of the deals were won so far",
        "moins de la moitié des affaires sont gagnées à ce jour",
    ),
    (
        "no owner on the deals won",
        "no owner on the deals won",
        "aucun responsable sur les affaires gagnées",
    ),
    (
        "no lead was created in the period",
        "no lead was created in the period",
        "aucun lead créé dans la période",
    ),
    (
        "the conversion window is not over for any of these leads",
        "the conversion window is not over for any of these leads",
        "la fenêtre de conversion n'est terminée pour aucun de ces leads",
    ),
    (
        "no answers in the period",
        "no answers in the period",
        "aucune réponse dans la période",
    ),
    (
        "no solved ticket with a handle time in the period",
        "no solved ticket with a handle time in the period",
        "aucun ticket résolu avec un temps de traitement dans la période",
    ),
    (
        "no agent on the solved tickets",
        "no agent on the solved tickets",
        "aucun agent sur les tickets résolus",
    ),
    (
        "no annual contract was due in the period",
        "no annual contract was due in the period",
        "aucun contrat annuel à échéance dans la période",
    ),
    (
        "the interval of the difference holds 0: not announced",
        "the interval of the difference holds 0: not announced",
        "l'intervalle de l'évolution contient 0 : non annoncée",
    ),
    (
        "raw comparison: not attributable",
        "raw comparison: not attributable",
        "comparaison brute : non attribuable",
    ),
    ("no such leads", "no such leads", "aucun lead de ce genre"),
    (
        "nobody subscribes now",
        "nobody subscribes now",
        "personne n'est abonné aujourd'hui",
    ),
    (
        "nobody joined in the period",
        "nobody joined in the period",
        "personne n'est arrivé dans la période",
    ),
    (
        "no new customers in the period",
        "no new customers in the period",
        "aucun nouveau client dans la période",
    ),
    (
        "no campaign to both audiences in the period",
        "no campaign to both audiences in the period",
        "aucune campagne aux deux audiences dans la période",
    ),
    (
        "no mentions in the period",
        "no mentions in the period",
        "aucune mention dans la période",
    ),
    (
        "raw difference: not attributable by itself",
        "raw difference: not attributable by itself",
        "écart brut : non attribuable à lui seul",
    ),
    (
        "assumed: the configured share of peer-answered questions",
        "assumed: the configured share of peer-answered questions",
        "supposé : la part configurée des questions ayant reçu une réponse de pairs",
    ),
    (
        "no message could be scored",
        "no message could be scored",
        "aucun message n'a pu être noté",
    ),
    (
        "no message in the period",
        "no message in the period",
        "aucun message dans la période",
    ),
    (
        "no members at the start",
        "no members at the start",
        "aucun membre au début",
    ),
    (
        "no joins in the period",
        "no joins in the period",
        "aucune arrivée dans la période",
    ),
    (
        "no members in the period",
        "no members in the period",
        "aucun membre dans la période",
    ),
    (
        "no members at the end",
        "no members at the end",
        "aucun membre à la fin",
    ),
    (
        "nobody was active",
        "nobody was active",
        "personne n'a été actif",
    ),
    (
        "no interactions in the period",
        "no interactions in the period",
        "aucune interaction dans la période",
    ),
    (
        "nobody registered in the period",
        "nobody registered in the period",
        "personne ne s'est inscrit dans la période",
    ),
    (
        "no question was answered",
        "no question was answered",
        "aucune question n'a reçu de réponse",
    ),
    (
        "no question older than 72 h in the period",
        "no question older than 72 h in the period",
        "aucune question de plus de 72 h dans la période",
    ),
    (
        "nobody answered anybody",
        "nobody answered anybody",
        "personne n'a répondu à personne",
    ),
    ("no estimate", "no estimate", "pas d'estimation"),
    (
        "descriptive: it looks only at those who bought, which joining may change",
        "descriptive: it looks only at those who bought, which joining may change",
        "descriptif : ne regarde que ceux qui ont acheté, ce que l'adhésion peut changer",
    ),
    (
        "not yet joined and never joined",
        "not yet joined and never joined",
        "pas encore membres et jamais membres",
    ),
    (
        "a purchase seems to trigger the join: the month of joining counts as nothing gained",
        "a purchase seems to trigger the join: the month of joining counts as nothing gained",
        "un achat semble déclencher l'adhésion : le mois d'adhésion compte comme sans gain",
    ),
    (
        "members had to remain customers until they joined: the raw share flatters them",
        "members had to remain customers until they joined: the raw share flatters them",
        "les membres ont dû rester clients jusqu'à leur adhésion : la part brute les flatte",
    ),
    (
        "only the raw gap is known: no euro rests on it",
        "only the raw gap is known: no euro rests on it",
        "seul l'écart brut est connu : aucun euro ne repose dessus",
    ),
    (
        "months with fewer members than min_cell are not counted",
        "months with too few members to be shown are not counted",
        "les mois avec trop peu de membres pour être montrés ne sont pas comptés",
    ),
    (
        "partly refunded, and how much is not said; export the refunded amount",
        "partly refunded, and how much is not said: export the refunded amount",
        "remboursé en partie, sans dire de combien : exporter le montant remboursé",
    ),
    (
        "of a source that commerce.orders_from does not name",
        "of a source that commerce.orders_from does not name",
        "d'une source que commerce.orders_from ne nomme pas",
    ),
    (
        "revenue comes from rows of another kind; commerce.revenue_from chooses",
        "revenue comes from rows of another kind: commerce.revenue_from chooses",
        "le chiffre d'affaires vient de lignes d'une autre sorte : commerce.revenue_from choisit",
    ),
    (
        "months with fewer people than min_cell are not counted",
        "months with too few people to be shown are not counted",
        "les mois avec trop peu de personnes pour être montrés ne sont pas comptés",
    ),
    (
        "assumed: never in the conservative return",
        "assumed: never in the conservative return",
        "supposé : jamais dans le retour prudent",
    ),
    (
        "a part of the incremental margin, not added to it",
        "a part of the incremental margin, not added to it",
        "une part de la marge supplémentaire, sans s'y ajouter",
    ),
    (
        "levers that measure the same euro are never added; only grades A and B enter the conservative scenario",
        "levers that measure the same euro are never added; only grades A and B enter the conservative scenario",
        "les leviers qui mesurent le même euro ne sont jamais additionnés ; seuls les niveaux A et B entrent dans le scénario prudent",
    ),
    (
        "not paid (pending, cancelled or test)",
        "not paid (pending, cancelled or test)",
        "non payée (en attente, annulée ou test)",
    ),
    ("not paid", "not paid", "non payée"),
    (
        "no person (neither id nor e-mail leads to one)",
        "no person (neither id nor e-mail leads to one)",
        "personne d'identifiable (ni identifiant ni e-mail n'y mène)",
    ),
    ("no person", "no person", "personne d'identifiable"),
    (
        "no exchange rate on or before the day; drop a rates file",
        "no exchange rate on or before the day; drop a rates file",
        "pas de taux de change ce jour-là ni avant ; déposez un fichier de taux",
    ),
    (
        "no month or amount",
        "no month or amount",
        "ni mois ni montant",
    ),
    (
        "customer_for_too_short",
        "customer for too short a time",
        "client depuis trop peu de temps",
    ),
    (
        "joined_before_customer",
        "joined before becoming a customer",
        "devenu membre avant d'être client",
    ),
    (
        "no_month_before_joining",
        "no month before joining",
        "aucun mois avant l'adhésion",
    ),
    (
        "member_of_another_community",
        "member of another community",
        "membre d'une autre communauté",
    ),
    (
        "the plans differ",
        "the plans differ",
        "les plans diffèrent",
    ),
    (
        "no steady drift before joining (p >= 0.05)",
        "no steady drift before joining (p ≥ 0.05)",
        "pas de dérive régulière avant l'adhésion (p ≥ 0,05)",
    ),
    (
        "no jump in the month of joining alone",
        "no jump in the month of joining alone",
        "pas de saut propre au mois d'adhésion",
    ),
    (
        "no month before joining outside the band",
        "no month before joining outside the band",
        "aucun mois hors de la bande avant l'adhésion",
    ),
    (
        "interval holds 0",
        "an interval that holds 0",
        "un intervalle qui contient 0",
    ),
    ("p >= 0.001", "p ≥ 0.001", "p ≥ 0,001"),
    (
        "good and poor customers who never joined develop alike (as they do not after a price rise)",
        "good and poor customers who never joined develop alike (as they do not after a price rise)",
        "bons et petits clients jamais membres évoluent de même (ce qui n'est pas le cas après une hausse de prix)",
    ),
    (
        "app_rate_limited",
        "the platform held events back",
        "la plateforme a retenu des événements",
    ),
    (
        "campaign_not_sent",
        "campaign not sent",
        "campagne non envoyée",
    ),
    ("declined", "declined", "décliné"),
    (
        "deleted_in_crm",
        "deleted in the CRM",
        "supprimé dans le CRM",
    ),
    ("draft", "draft", "brouillon"),
    ("failed", "failed", "échec"),
    (
        "group_membership_without_username",
        "group membership without a name",
        "appartenance à un groupe sans pseudonyme",
    ),
    ("handshake", "handshake", "poignée de main"),
    ("interaction", "interaction", "interaction"),
    ("invited", "invited", "invité"),
    (
        "live_progress",
        "progress of a live",
        "progression d'un live",
    ),
    (
        "not_an_edit",
        "not an edit of the text",
        "pas une modification du texte",
    ),
    (
        "platform_error",
        "error of the platform",
        "erreur de la plateforme",
    ),
    (
        "privacy_request",
        "privacy request",
        "demande liée à la vie privée",
    ),
    (
        "reaction_to_a_file",
        "reaction to a file",
        "réaction à un fichier",
    ),
    ("sent", "sending confirmed", "envoi confirmé"),
    ("status", "status of a delivery", "statut d'envoi"),
    (
        "solution_taken_back",
        "solution taken back",
        "solution retirée",
    ),
    (
        "told_by_its_post",
        "told by its post",
        "déjà dit par son message",
    ),
    (
        "told_by_joining",
        "told by joining",
        "déjà dit par l'arrivée",
    ),
    ("unchanged", "unchanged", "inchangé"),
    (
        "unsupported_message",
        "message of a kind that is not read",
        "type de message non lu",
    ),
    ("vote_taken_back", "vote taken back", "vote retiré"),
    (
        "item is no object",
        "an item is no object",
        "un élément n'est pas un objet",
    ),
    ("no members", "no members", "aucun membre"),
    (
        "no member was active",
        "no member was active",
        "aucun membre n'a été actif",
    ),
    (
        "impressions, not people: the same person may be counted often",
        "impressions, not people: the same person may be counted often",
        "des impressions, pas des personnes : une même personne peut compter plusieurs fois",
    ),
    (
        "one side has no customer-months",
        "one side has no customer-months",
        "un des côtés n'a aucun mois de client",
    ),
    (
        "one side has no new customers",
        "one side has no new customers",
        "un des côtés n'a aucun nouveau client",
    ),
    (
        "spend by declared audience over new customers: the rule of attribution is declared, not tested",
        "spend by declared audience over new customers: the rule of attribution is declared, not tested",
        "dépenses par audience déclarée sur nouveaux clients : la règle d'attribution est déclarée, non vérifiée",
    ),
    (
        "those who answered: answering is taken to depend on nothing but quarter and segment",
        "those who answered: answering is taken to depend on nothing but quarter and segment",
        "ceux qui ont répondu : on suppose que répondre ne dépend que du trimestre et du segment",
    ),
    (
        "too many people to read for the conversion of leads",
        "too many people to read for the conversion of leads",
        "trop de contacts à lire pour la conversion des leads",
    ),
    (
        "customers of a year ago by what they were then: described, not adjusted",
        "customers of a year ago by what they were then: described, not adjusted",
        "clients d'il y a un an selon ce qu'ils étaient alors : décrit, non ajusté",
    ),
    (
        "purchases foreseen within 10 % of those made",
        "purchases foreseen within 10% of those made",
        "achats prévus à 10 % près de ceux réalisés",
    ),
    (
        "every quarter of joining lacks an arm: the overlap",
        "every quarter of joining lacks one side of the comparison",
        "il manque un côté de la comparaison à chaque trimestre d'adhésion",
    ),
    ("same_body", "the same delivery again", "le même envoi"),
    ("not looked for", "not looked for", "non recherché"),
    (
        "more rows than this job reads: its comparisons are left out",
        "more rows than this job reads: its comparisons are left out",
        "plus de lignes que ce calcul n'en lit : ses comparaisons sont laissées de côté",
    ),
    (
        "relative magnitudes (Rambachan and Roth), conservative bound",
        "relative magnitudes (Rambachan and Roth), conservative bound",
        "magnitudes relatives (Rambachan et Roth), borne prudente",
    ),
    (
        "people and accounts were not looked for",
        "people and accounts were not looked for",
        "les personnes et les comptes n'ont pas été recherchés",
    ),
];
