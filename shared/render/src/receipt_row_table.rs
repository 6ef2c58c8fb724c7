//! The French of what a receipt says of a row or a cell: what is wrong with it, and what to do.

/// `(as written, French)`, holes in the same order in both.
pub(crate) const ROWS: &[(&str, &str)] = &[
    // What a cell looks like.
    ("nothing", "rien"),
    ("text", "du texte"),
    ("number", "des nombres"),
    ("digits and signs", "des chiffres et des signes"),
    ("text with digits", "du texte avec des chiffres"),
    ("{} digits", "{} chiffres"),
    // Amounts and scores.
    ("the amount is negative", "le montant est négatif"),
    (
        "give the order its full amount and the refund in its own column",
        "donner à la commande son montant entier, et au remboursement sa propre colonne",
    ),
    ("the refund is negative", "le remboursement est négatif"),
    (
        "write refunds without a sign",
        "écrire les remboursements sans signe",
    ),
    (
        "the refund is larger than the amount",
        "le remboursement dépasse le montant",
    ),
    (
        "check the amount and the refund of this row",
        "vérifier le montant et le remboursement de cette ligne",
    ),
    (
        "the tax is larger than the amount, or has another sign",
        "la taxe dépasse le montant, ou n'a pas le même signe",
    ),
    (
        "check the amount and the tax of this row; the amount includes the tax",
        "vérifier le montant et la taxe de cette ligne ; le montant comprend la taxe",
    ),
    (
        "could be thousands or decimals, and nothing in the file tells which ({})",
        "peut être des milliers ou des décimales, et rien dans le fichier ne le dit ({})",
    ),
    (
        "say `decimal = \".\"` or `\",\"` in a sidecar file, or export numbers without thousands",
        "dire `decimal = \".\"` ou `\",\"` dans un fichier d'accompagnement, ou exporter les nombres sans séparateur de milliers",
    ),
    (
        "satisfaction is not between 1 and 5",
        "la satisfaction n'est pas entre 1 et 5",
    ),
    (
        "rescale the column to 1–5",
        "ramener la colonne à l'échelle 1–5",
    ),
    (
        "sentiment is not between −1 and 1",
        "le sentiment n'est pas entre −1 et 1",
    ),
    (
        "rescale the column to −1…1",
        "ramener la colonne à l'échelle −1…1",
    ),
    (
        "an NPS score is not between 0 and 10",
        "une note NPS n'est pas entre 0 et 10",
    ),
    ("check the score", "vérifier la note"),
    (
        "the rate is not above zero",
        "le taux n'est pas supérieur à zéro",
    ),
    (
        "give units of the reporting currency for one of this currency",
        "donner combien d'unités de la devise de référence vaut une unité de cette devise",
    ),
    ("is no amount ({})", "n'est pas un montant ({})"),
    (
        "write digits with one decimal mark",
        "écrire des chiffres avec un seul séparateur décimal",
    ),
    (
        "more decimals than {} has ({})",
        "plus de décimales que n'en a {} ({})",
    ),
    (
        "amounts are never rounded, export with {} decimals",
        "les montants ne sont jamais arrondis : exporter avec {} décimales",
    ),
    (
        "the cell is in {}, its row in {}",
        "la cellule est en {}, sa ligne en {}",
    ),
    (
        "give the currency in one place",
        "donner la devise à un seul endroit",
    ),
    (
        "the amount is larger than can be kept",
        "le montant est plus grand que ce qui peut être gardé",
    ),
    ("check the amount", "vérifier le montant"),
    (
        "is no ISO 4217 currency code",
        "n'est pas un code de devise ISO 4217",
    ),
    ("write EUR, USD, GBP…", "écrire EUR, USD, GBP…"),
    (
        "line {} has the same day, channel and campaign in another currency",
        "la ligne {} a le même jour, le même canal et la même campagne dans une autre devise",
    ),
    (
        "give one currency for each day, channel and campaign",
        "donner une seule devise par jour, canal et campagne",
    ),
    (
        "the sum of the amounts is too large",
        "la somme des montants est trop grande",
    ),
    ("check the amounts", "vérifier les montants"),
    // Dates and times.
    ("is no date", "n'est pas une date"),
    ("is no date ({})", "n'est pas une date ({})"),
    (
        "is a day that no calendar has",
        "est un jour qu'aucun calendrier n'a",
    ),
    (
        "is a day that no calendar has ({})",
        "est un jour qu'aucun calendrier n'a ({})",
    ),
    ("has a year of two digits", "a une année à deux chiffres"),
    (
        "has a year of two digits ({})",
        "a une année à deux chiffres ({})",
    ),
    (
        "is a bare number where a date is expected",
        "est un simple nombre là où une date est attendue",
    ),
    (
        "is a bare number where a date is expected ({})",
        "est un simple nombre là où une date est attendue ({})",
    ),
    (
        "is a time that no clock shows",
        "est une heure qu'aucune horloge n'affiche",
    ),
    ("check the date", "vérifier la date"),
    ("is no month ({})", "n'est pas un mois ({})"),
    ("write YYYY-MM", "écrire AAAA-MM"),
    (
        "write YYYY-MM-DD; the order of day and month is the one of the file",
        "écrire AAAA-MM-JJ ; l'ordre du jour et du mois est celui du fichier",
    ),
    (
        "write YYYY-MM-DD, or YYYY-MM-DDTHH:MM:SSZ",
        "écrire AAAA-MM-JJ, ou AAAA-MM-JJTHH:MM:SSZ",
    ),
    // Numbers, words, ids.
    ("is no number ({})", "n'est pas un nombre ({})"),
    ("is no whole number ({})", "n'est pas un nombre entier ({})"),
    ("write digits only", "n'écrire que des chiffres"),
    ("is neither yes nor no ({})", "n'est ni oui ni non ({})"),
    ("write true or false", "écrire true ou false"),
    (
        "`{}` has a value without a meaning",
        "`{}` a une valeur sans signification connue",
    ),
    ("write one of {}", "écrire l'un de : {}"),
    (
        "map it to one of {} under [values.{}] in a sidecar file",
        "la traduire par l'un de {} sous [values.{}] dans un fichier d'accompagnement",
    ),
    (
        "is no kind of event ({})",
        "n'est pas un genre d'événement ({})",
    ),
    ("is no JSON object ({})", "n'est pas un objet JSON ({})"),
    (
        "write {\"key\": \"value\"}, or give each attribute its own column",
        "écrire {\"clé\": \"valeur\"}, ou donner à chaque attribut sa propre colonne",
    ),
    (
        "the id is in scientific notation: its last digits are lost",
        "l'identifiant est en notation scientifique : ses derniers chiffres sont perdus",
    ),
    (
        "format the column as text in the source and export again; it cannot be repaired here",
        "mettre la colonne au format texte à la source et exporter de nouveau ; cela ne peut être réparé ici",
    ),
    (
        "the id is a number with decimals or in scientific notation: it may have lost digits",
        "l'identifiant est un nombre à décimales ou en notation scientifique : il a pu perdre des chiffres",
    ),
    (
        "write the id as text in the source and export again",
        "écrire l'identifiant comme du texte à la source et exporter de nouveau",
    ),
    (
        "`{}` is required and the cell is empty",
        "`{}` est obligatoire et la cellule est vide",
    ),
    (
        "`{}` is required and holds nothing that can be read",
        "`{}` est obligatoire et ne contient rien de lisible",
    ),
    (
        "fill the cell in, or leave the row out",
        "remplir la cellule, ou retirer la ligne",
    ),
    (
        "a required cell is empty",
        "une cellule obligatoire est vide",
    ),
    (
        "fill in event_id, platform, community and occurred_at",
        "remplir event_id, platform, community et occurred_at",
    ),
    ("the row names nobody", "la ligne ne nomme personne"),
    (
        "fill in person_id or a valid email",
        "remplir person_id ou un email valide",
    ),
    // Rows as they are written.
    (
        "the row has {} cell(s), the header {}",
        "la ligne a {} cellule(s), l'en-tête {}",
    ),
    (
        "the row has {} cell(s), most rows {}",
        "la ligne a {} cellule(s), la plupart des lignes {}",
    ),
    (
        "check the delimiters and quotes of this line",
        "vérifier les séparateurs et les guillemets de cette ligne",
    ),
    (
        "a cell is missing, so that the others may have shifted; add it, or export again",
        "une cellule manque, et les autres ont pu glisser ; l'ajouter, ou exporter de nouveau",
    ),
    (
        "a cell holds an unquoted delimiter; put quotes around it, or export again",
        "une cellule contient un séparateur sans guillemets ; en mettre autour, ou exporter de nouveau",
    ),
    (
        "a quote stands in the middle of a quoted cell, so that the cells cannot be told apart",
        "un guillemet se trouve au milieu d'une cellule entre guillemets : les cellules ne peuvent être distinguées",
    ),
    (
        "double the quotes inside the cell, or export again",
        "doubler les guillemets à l'intérieur de la cellule, ou exporter de nouveau",
    ),
    (
        "a quote is opened and never closed",
        "un guillemet est ouvert et jamais fermé",
    ),
    (
        "close the quote; if this is the last line, the file was cut off: export it again",
        "fermer le guillemet ; si c'est la dernière ligne, le fichier a été coupé : l'exporter de nouveau",
    ),
    (
        "the record is longer than 16 MB",
        "l'enregistrement dépasse 16 Mo",
    ),
    (
        "a quote is probably missing; export again without free-text columns",
        "il manque sans doute un guillemet ; exporter de nouveau sans les colonnes de texte libre",
    ),
    (
        "the line is no JSON object",
        "la ligne n'est pas un objet JSON",
    ),
    (
        "write one object per line, all its braces and quotes closed",
        "écrire un objet par ligne, accolades et guillemets fermés",
    ),
    (
        "a line of this order (line {}) cannot be read",
        "une ligne de cette commande (ligne {}) est illisible",
    ),
    (
        "mend that line too: an order is read whole or not at all",
        "corriger aussi cette ligne : une commande est lue entière ou pas du tout",
    ),
    // Histories of communities.
    (
        "export the history again; if it stays so, this message was never whole",
        "exporter l'historique de nouveau ; si rien ne change, ce message n'a jamais été entier",
    ),
    (
        "the time of the message cannot be read",
        "l'heure du message est illisible",
    ),
    ("the message has no `ts`", "le message n'a pas de `ts`"),
    ("`ts` is no Slack time", "`ts` n'est pas une heure de Slack"),
    ("the message has no `user`", "le message n'a pas de `user`"),
    ("the message has no `id`", "le message n'a pas d'`id`"),
    (
        "the message has no readable `timestamp`",
        "le message n'a pas de `timestamp` lisible",
    ),
    (
        "the post has no `topic_id` or `post_number`",
        "le message n'a pas de `topic_id` ou de `post_number`",
    ),
    (
        "the post has no readable `created_at`",
        "le message n'a pas de `created_at` lisible",
    ),
];
