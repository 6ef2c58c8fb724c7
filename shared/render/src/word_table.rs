//! How the methods and the gates of uplift are called.

use crate::word::Entry;

/// Methods of estimation.
pub(crate) const METHODS: &[Entry] = &[
    ("naive", "Raw comparison", "Comparaison brute"),
    ("difference", "Raw comparison", "Comparaison brute"),
    ("raw", "Raw comparison", "Comparaison brute"),
    (
        "stratified",
        "Stratified on the past",
        "Stratification sur le passé",
    ),
    (
        "regression",
        "Regression-adjusted",
        "Ajustement par régression",
    ),
    (
        "ipw",
        "Weighted to look alike",
        "Pondération des semblables",
    ),
    ("aipw", "Doubly robust", "Doublement robuste"),
    (
        "entropy-balancing",
        "Entropy balancing",
        "Équilibrage entropique",
    ),
    (
        "entropy_balancing",
        "Entropy balancing",
        "Équilibrage entropique",
    ),
    (
        "did",
        "Difference-in-differences",
        "Différence de différences",
    ),
    (
        "hazard",
        "Hazard, membership varying in time",
        "Risque, adhésion variable dans le temps",
    ),
    (
        "cox",
        "Hazard, membership varying in time",
        "Risque, adhésion variable dans le temps",
    ),
    (
        "itt",
        "Randomised invitations",
        "Invitations tirées au sort",
    ),
    (
        "cace",
        "Randomised, among those who accepted",
        "Tirage au sort, parmi les acceptants",
    ),
    ("landmark", "Landmark", "Point de repère"),
    ("cuped", "CUPED", "CUPED"),
    (
        "did_after_join_month",
        "Difference-in-differences, without the month of joining",
        "Différence de différences, sans le mois d'adhésion",
    ),
    (
        "bg_nbd_gamma_gamma",
        "Buying model on customers alike (BG/NBD, Gamma-Gamma)",
        "Modèle d'achat sur des clients semblables (BG/NBD, Gamma-Gamma)",
    ),
    (
        "sbg",
        "Contract model on customers alike (sBG)",
        "Modèle de contrats sur des clients semblables (sBG)",
    ),
    (
        "realised_6_months",
        "Realised in the first 6 months",
        "Réalisé sur les 6 premiers mois",
    ),
    (
        "realised_12_months",
        "Realised in the first 12 months",
        "Réalisé sur les 12 premiers mois",
    ),
];

/// Gates that an estimate must pass.
pub(crate) const GATES: &[Entry] = &[
    ("join_month", "the month of joining", "le mois d'adhésion"),
    (
        "survivors",
        "members who had to stay customers until they joined",
        "membres restés clients jusqu'à leur adhésion",
    ),
    (
        "trend_by_level",
        "same course of good and poor customers",
        "même évolution des bons et des petits clients",
    ),
    (
        "trend_before",
        "drift before joining",
        "dérive avant l'adhésion",
    ),
    (
        "cell",
        "size of the join cohorts",
        "taille des cohortes d'adhésion",
    ),
    (
        "effective_controls",
        "number of useful controls",
        "nombre de témoins utiles",
    ),
    ("size", "sample size", "taille de l'échantillon"),
    ("events", "number of purchases", "nombre d'achats"),
    ("losses", "customers lost", "clients perdus"),
    ("successes", "number of successes", "nombre de succès"),
    (
        "cohort_cell",
        "size of the join cohorts",
        "taille des cohortes d'adhésion",
    ),
    (
        "cohort",
        "size of the join cohorts",
        "taille des cohortes d'adhésion",
    ),
    ("privacy", "privacy", "confidentialité"),
    (
        "balance",
        "likeness of the two groups",
        "ressemblance des deux groupes",
    ),
    (
        "overlap",
        "overlap of the two groups",
        "recouvrement des deux groupes",
    ),
    (
        "largest_weight",
        "largest single weight",
        "poids du plus lourd témoin",
    ),
    (
        "weight",
        "largest single weight",
        "poids du plus lourd témoin",
    ),
    (
        "pre_trend",
        "parallel trends before joining",
        "tendances parallèles avant l'adhésion",
    ),
    (
        "skew",
        "a few very large customers",
        "quelques très gros clients",
    ),
    (
        "unmeasured_confounding",
        "robustness to what is not measured",
        "robustesse à ce qui n'est pas mesuré",
    ),
    (
        "placebo",
        "placebo before joining",
        "placebo avant l'adhésion",
    ),
    (
        "sample_ratio",
        "fairness of the draw",
        "régularité du tirage au sort",
    ),
    (
        "agreement",
        "agreement of the methods",
        "accord des méthodes",
    ),
    (
        "sign_agreement",
        "agreement of the methods",
        "accord des méthodes",
    ),
    ("rungs", "agreement of the methods", "accord des méthodes"),
    (
        "history",
        "months of history before joining",
        "mois d'historique avant l'adhésion",
    ),
    (
        "trend_before",
        "steady drift before joining",
        "dérive régulière avant l'adhésion",
    ),
    (
        "join_month",
        "jump in the month of joining",
        "saut le mois de l'adhésion",
    ),
    (
        "survivors",
        "former customers kept in the CRM",
        "anciens clients gardés dans le CRM",
    ),
    (
        "trend_by_level",
        "good and poor customers develop alike",
        "bons et petits clients évoluent de même",
    ),
    (
        "calibration",
        "purchases foreseen by the model",
        "achats prévus par le modèle",
    ),
];
