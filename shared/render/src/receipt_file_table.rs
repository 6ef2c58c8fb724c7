//! The French of what a receipt says of a whole file: how it was recognised, why it was refused, what to know about it.

/// `(as written, French)`, holes in the same order in both; what has more holes stands before what it would also fit.
pub(crate) const FILES: &[(&str, &str)] = &[
    // How it was recognised.
    (
        "{} of {} headers on line {} are those of {} (entity declared)",
        "{} en-têtes sur {} de la ligne {} sont ceux de {} (entité déclarée)",
    ),
    (
        "{} of {} headers on line {} are those of {} (with its sidecar file)",
        "{} en-têtes sur {} de la ligne {} sont ceux de {} (avec son fichier d'accompagnement)",
    ),
    (
        "{} of {} headers on line {} are those of {}",
        "{} en-têtes sur {} de la ligne {} sont ceux de {}",
    ),
    (
        "{} headers on line {} are close to {}",
        "{} en-têtes de la ligne {} sont proches de {}",
    ),
    (
        "sidecar file; {} of its columns on line {}",
        "fichier d'accompagnement ; {} de ses colonnes sur la ligne {}",
    ),
    (
        "the names of the files in the archive",
        "les noms des fichiers de l'archive",
    ),
    (
        "the columns topic_id, post_number and created_at",
        "les colonnes topic_id, post_number et created_at",
    ),
    (
        "a document with a guild, a channel and messages",
        "un document avec un serveur, un salon et des messages",
    ),
    (
        "lines that open with a date, a time and an author",
        "des lignes qui s'ouvrent sur une date, une heure et un auteur",
    ),
    ("a name that ends in {}", "un nom qui finit par {}"),
    // Refused whole: nothing to read.
    (
        "The file is empty: it holds not a single byte. Export it again and check its size before dropping it.",
        "Le fichier est vide : il ne contient pas un octet. L'exporter de nouveau et vérifier sa taille avant de le déposer.",
    ),
    (
        "The file is empty: it holds only blanks. Export it again.",
        "Le fichier est vide : il ne contient que des blancs. L'exporter de nouveau.",
    ),
    (
        "The workbook is empty: no sheet has a filled cell.",
        "Le classeur est vide : aucune feuille n'a de cellule remplie.",
    ),
    (
        "The workbook has no sheet with rows.",
        "Le classeur n'a aucune feuille avec des lignes.",
    ),
    (
        "The file is one JSON object, and the records stand in its `{}`. Write that array alone into the file, or one object per line.",
        "Le fichier est un seul objet JSON, dont les enregistrements sont dans `{}`. N'écrire dans le fichier que ce tableau, ou un objet par ligne.",
    ),
    (
        "The file looks like JSON that is neither one array of objects nor one object per line. Write its records as one of these.",
        "Le fichier ressemble à du JSON qui n'est ni un tableau d'objets ni un objet par ligne. Écrire ses enregistrements sous l'une de ces formes.",
    ),
    (
        "Its sidecar file in the archive cannot be read: {}. Mend it and pack the archive again.",
        "Son fichier d'accompagnement dans l'archive est illisible : {}. Le corriger et refaire l'archive.",
    ),
    (
        "Line {} holds the ids of {} and nothing else that is known of them: imported as {}, the file would empty what is known. If that is what its rows are, say `entity = \"{}\"` in a sidecar file or drop it as {}; else say in a sidecar file what they are.",
        "La ligne {} contient les identifiants de {} et rien d'autre qui en soit connu : importé comme {}, le fichier viderait ce qui est connu. Si ses lignes en sont bien, dire `entity = \"{}\"` dans un fichier d'accompagnement ou le déposer comme {} ; sinon, dire dans un fichier d'accompagnement ce qu'elles sont.",
    ),
    (
        "The archive holds no file. Pack it again with the export in it.",
        "L'archive ne contient aucun fichier. La refaire avec l'export dedans.",
    ),
    (
        "The file holds no JSON object. Write one object per line, or an array of objects.",
        "Le fichier ne contient aucun objet JSON. Écrire un objet par ligne, ou un tableau d'objets.",
    ),
    (
        "The file is a {}, not a table. Export CSV, a workbook, JSON or Parquet.",
        "Le fichier n'est pas un tableau ({}). Exporter en CSV, classeur, JSON ou Parquet.",
    ),
    // Damaged, cut off, packed too well.
    (
        "The file cannot be read: {}. It is damaged or was cut off; export it again.",
        "Le fichier est illisible : {}. Il est abîmé ou a été coupé ; l'exporter de nouveau.",
    ),
    (
        "the JSON array has no closing bracket",
        "le tableau JSON n'a pas de crochet fermant",
    ),
    (
        "the Parquet file is damaged: {}",
        "le fichier Parquet est abîmé : {}",
    ),
    (
        "the file holds characters that are cut in half",
        "le fichier contient des caractères coupés en deux",
    ),
    (
        "The archive cannot be opened ({}): it is damaged or was cut off. Pack it again.",
        "L'archive ne peut être ouverte ({}) : elle est abîmée ou a été coupée. La refaire.",
    ),
    (
        "The archive is damaged ({}). Export it again.",
        "L'archive est abîmée ({}). L'exporter de nouveau.",
    ),
    (
        "The file cannot be unpacked: {}. Pack it again.",
        "Le fichier ne peut être décompressé : {}. Le compresser de nouveau.",
    ),
    (
        "The workbook cannot be opened ({}): it is damaged, or no workbook. Save it again as XLSX or CSV.",
        "Le classeur ne peut être ouvert ({}) : il est abîmé, ou n'en est pas un. L'enregistrer de nouveau en XLSX ou CSV.",
    ),
    (
        "The archive unfolds to far more than its own size and is refused as a possible bomb. Unpack it and drop the files themselves.",
        "L'archive se déploie bien au-delà de sa taille et est refusée, de peur d'une bombe. La décompresser et déposer les fichiers eux-mêmes.",
    ),
    (
        "The archive unfolds to more than is read at once. Export a shorter span.",
        "L'archive se déploie au-delà de ce qui est lu en une fois. Exporter une période plus courte.",
    ),
    (
        "The archive holds {} files, more than the {} that are read at once. Split it.",
        "L'archive contient {} fichiers, plus que les {} lus en une fois. La partager.",
    ),
    (
        "The archive holds two files of this name. Give each its own and pack it again.",
        "L'archive contient deux fichiers de ce nom. Donner à chacun le sien et la refaire.",
    ),
    (
        "The file is protected by a password inside its archive. Pack it without one.",
        "Le fichier est protégé par un mot de passe dans son archive. Le compresser sans.",
    ),
    (
        "The workbook is protected by a password. Save it without one and drop it again.",
        "Le classeur est protégé par un mot de passe. L'enregistrer sans et le redéposer.",
    ),
    (
        "An archive lies inside the archive. Unpack it and drop the files themselves.",
        "Une archive se trouve dans l'archive. La décompresser et déposer les fichiers eux-mêmes.",
    ),
    (
        "The file is packed more than once. Unpack it and drop what is inside.",
        "Le fichier est compressé plusieurs fois. Le décompresser et déposer ce qu'il contient.",
    ),
    (
        "The workbook unfolds to more than 2 GB: it is refused as a possible bomb. Save it as CSV.",
        "Le classeur se déploie au-delà de 2 Go : il est refusé, de peur d'une bombe. L'enregistrer en CSV.",
    ),
    (
        "The {} is larger than {} MB. Split it, or export CSV, which may be of any size.",
        "Le fichier ({}) dépasse {} Mo. Le partager, ou exporter en CSV, de taille quelconque.",
    ),
    (
        "The sheet has more than 20 million cells. Save it as CSV, which may be of any size.",
        "La feuille a plus de 20 millions de cellules. L'enregistrer en CSV, de taille quelconque.",
    ),
    (
        "The sheet has a cell beyond column {}: this is no table.",
        "La feuille a une cellule au-delà de la colonne {} : ce n'est pas un tableau.",
    ),
    (
        "The objects have more than {} different keys: this is no table.",
        "Les objets ont plus de {} clés différentes : ce n'est pas un tableau.",
    ),
    (
        "A line has more than {} columns: this is no table.",
        "Une ligne a plus de {} colonnes : ce n'est pas un tableau.",
    ),
    // Encodings.
    (
        "The file is UTF-16 but ends in the middle of a character: it was cut off. Export it again.",
        "Le fichier est en UTF-16 mais finit au milieu d'un caractère : il a été coupé. L'exporter de nouveau.",
    ),
    (
        "The file ends in the middle of a character: it was cut off. Export it again.",
        "Le fichier finit au milieu d'un caractère : il a été coupé. L'exporter de nouveau.",
    ),
    (
        "The file holds {} NUL byte(s), which no text table has: it is damaged or not a table. Export it again as CSV in UTF-8.",
        "Le fichier contient {} octet(s) nul(s), ce qu'aucun tableau de texte n'a : il est abîmé ou n'est pas un tableau. L'exporter de nouveau en CSV, en UTF-8.",
    ),
    (
        "The file was declared UTF-8 but is not: some bytes are no UTF-8 characters.",
        "Le fichier a été déclaré en UTF-8 mais ne l'est pas : certains octets n'en sont pas des caractères.",
    ),
    (
        "The file is mis-encoded: {} character(s) were lost (shown as \u{FFFD}) when it was saved. Export it again as UTF-8.",
        "Le fichier est mal encodé : {} caractère(s) perdu(s) (affichés \u{FFFD}) à l'enregistrement. L'exporter de nouveau en UTF-8.",
    ),
    (
        "The file is mis-encoded: its accents were read in the wrong encoding before it was saved (Ã© for é). Export it again as UTF-8, without opening it in a spreadsheet.",
        "Le fichier est mal encodé : ses accents ont été lus dans le mauvais encodage avant l'enregistrement (Ã© pour é). L'exporter de nouveau en UTF-8, sans l'ouvrir dans un tableur.",
    ),
    (
        "{} character(s) look as if they had been saved in the wrong encoding by the system that exported them",
        "{} caractère(s) semblent avoir été enregistrés dans le mauvais encodage par le système qui les a exportés",
    ),
    (
        "The file mixes UTF-8 and another encoding: some accents are UTF-8, others are not. Export it again as UTF-8 in one go.",
        "Le fichier mêle UTF-8 et un autre encodage : certains accents sont en UTF-8, d'autres non. L'exporter de nouveau en UTF-8, d'un seul coup.",
    ),
    (
        "The file is neither UTF-8 nor Windows-1252: it holds bytes that are no character in either. Export it again as UTF-8, or say its encoding in a sidecar file.",
        "Le fichier n'est ni en UTF-8 ni en Windows-1252 : il contient des octets qui ne sont un caractère dans aucun des deux. L'exporter de nouveau en UTF-8, ou dire son encodage dans un fichier d'accompagnement.",
    ),
    (
        "The file is Windows-1252 or ISO-8859-15, and nothing in it tells which: the letters œ, Š, Ž and the sign € differ. Say `encoding = \"windows-1252\"` or `\"iso-8859-15\"` in a sidecar file, or export it again as UTF-8.",
        "Le fichier est en Windows-1252 ou en ISO-8859-15, et rien n'y dit lequel : les lettres œ, Š, Ž et le signe € diffèrent. Dire `encoding = \"windows-1252\"` ou `\"iso-8859-15\"` dans un fichier d'accompagnement, ou l'exporter de nouveau en UTF-8.",
    ),
    (
        "The sidecar names the encoding `{}`, which is not known. Write utf-8, windows-1252, iso-8859-15 or utf-16.",
        "Le fichier d'accompagnement nomme l'encodage `{}`, qui n'est pas connu. Écrire utf-8, windows-1252, iso-8859-15 ou utf-16.",
    ),
    // Headers.
    (
        "No known header was found in the first lines. Say what the file is in a sidecar file, or run `levier check --export` on it for a proposed mapping.",
        "Aucun en-tête connu dans les premières lignes. Dire ce qu'est le fichier dans un fichier d'accompagnement, ou lancer `levier check --export` dessus pour une proposition de correspondance.",
    ),
    (
        "No known header was found; line {} comes closest to {} but lacks {}. Export the file again with these columns, or map it in a sidecar file.",
        "Aucun en-tête connu ; la ligne {} est la plus proche de {} mais il y manque {}. Exporter de nouveau avec ces colonnes, ou donner la correspondance dans un fichier d'accompagnement.",
    ),
    (
        "The file was declared as {}, but its headers are those of {} ({}). Drop it as {}, or drop the right file.",
        "Le fichier a été déclaré comme {}, mais ses en-têtes sont ceux de {} ({}). Le déposer comme {}, ou déposer le bon fichier.",
    ),
    (
        "The header `{}` stands twice (columns {} and {}), and both would be read as `{}`. Remove one of the two columns and drop the file again.",
        "L'en-tête `{}` figure deux fois (colonnes {} et {}), et les deux seraient lues comme `{}`. Retirer l'une des deux colonnes et redéposer le fichier.",
    ),
    (
        "The file looks like {} but a required column is missing: {}. Export it again with {}, or map it in a sidecar file.",
        "Le fichier ressemble à {} mais une colonne obligatoire manque : {}. L'exporter de nouveau avec {}, ou donner la correspondance dans un fichier d'accompagnement.",
    ),
    // Dates and decimal marks of a file.
    (
        "The file mixes decimal marks: line {} writes a dot before the decimals, line {} a comma. Export it again with one mark.",
        "Le fichier mêle les séparateurs décimaux : la ligne {} écrit un point avant les décimales, la ligne {} une virgule. L'exporter de nouveau avec un seul.",
    ),
    (
        "{}. Which comes first? Say `date_order = \"dmy\"` or `\"mdy\"` in a sidecar file, or export dates as YYYY-MM-DD.",
        "{}. Lequel vient en premier ? Dire `date_order = \"dmy\"` ou `\"mdy\"` dans un fichier d'accompagnement, ou exporter les dates en AAAA-MM-JJ.",
    ),
    (
        "{}: the column was left empty. Say `date_order = \"dmy\"` or `\"mdy\"` in a sidecar file, or export dates as YYYY-MM-DD",
        "{} : la colonne a été laissée vide. Dire `date_order = \"dmy\"` ou `\"mdy\"` dans un fichier d'accompagnement, ou exporter les dates en AAAA-MM-JJ",
    ),
    (
        "In the column `{}` day and month cannot be told apart (line {}: both are 12 or less, and so in every row)",
        "Dans la colonne `{}`, le jour et le mois ne peuvent être distingués (ligne {} : les deux valent 12 ou moins, comme sur toutes les lignes)",
    ),
    (
        "The column `{}` writes the day first on line {} and the month first on line {}",
        "La colonne `{}` écrit le jour d'abord à la ligne {} et le mois d'abord à la ligne {}",
    ),
    (
        "Day and month cannot be told apart in this chat (line {}). Which comes first? Say `date_order = \"dmy\"` or `\"mdy\"` in a sidecar file.",
        "Le jour et le mois ne peuvent être distingués dans cette discussion (ligne {}). Lequel vient en premier ? Dire `date_order = \"dmy\"` ou `\"mdy\"` dans un fichier d'accompagnement.",
    ),
    // Too much refused.
    (
        "{} of {} rows are refused, more than the share of {} that is allowed. Nothing was imported: mend the rows listed here, or export the file again.",
        "{} lignes sur {} sont refusées, plus que la part de {} permise. Rien n'a été importé : corriger les lignes listées ici, ou exporter le fichier de nouveau.",
    ),
    (
        "{} of {} messages are refused. Nothing was imported: export the history again.",
        "{} messages sur {} sont refusés. Rien n'a été importé : exporter l'historique de nouveau.",
    ),
    // Histories.
    (
        "{} is no JSON: the export is damaged. Export it again.",
        "{} n'est pas du JSON : l'export est abîmé. L'exporter de nouveau.",
    ),
    ("The Discord export", "L'export de Discord"),
    (
        "The Discord export has no `messages`. Export the channel again as JSON.",
        "L'export de Discord n'a pas de `messages`. Exporter le salon de nouveau en JSON.",
    ),
    (
        "no list of channels knows the folder of this message",
        "aucune liste de canaux ne connaît le dossier de ce message",
    ),
    (
        "nothing says which community this history is of: it was read as `main`; say `community = \"…\"` in a sidecar file",
        "rien ne dit de quelle communauté est cet historique : il a été lu comme `main` ; dire `community = \"…\"` dans un fichier d'accompagnement",
    ),
    // Sidecars and dialects.
    (
        "The sidecar names the dialect `{}`, which is not known. `levier check` lists the known ones.",
        "Le fichier d'accompagnement nomme le dialecte `{}`, qui n'est pas connu. `levier check` liste ceux qui le sont.",
    ),
    (
        "The sidecar maps columns but does not say what the rows are: add `entity = \"people\"` (or orders, deals…).",
        "Le fichier d'accompagnement donne des colonnes sans dire ce que sont les lignes : ajouter `entity = \"people\"` (ou orders, deals…).",
    ),
    (
        "The sidecar cannot be used: {}",
        "Le fichier d'accompagnement est inutilisable : {}",
    ),
    (
        "its sidecar cannot be read: {}",
        "son fichier d'accompagnement est illisible : {}",
    ),
    (
        "The sidecar's delimiter is not one character; write `,`, `;`, `|` or `tab`.",
        "Le séparateur du fichier d'accompagnement n'est pas un caractère ; écrire `,`, `;`, `|` ou `tab`.",
    ),
    (
        "The sidecar names the sheet `{}`, which the workbook does not have. Its sheets are {}.",
        "Le fichier d'accompagnement nomme la feuille `{}`, que le classeur n'a pas. Ses feuilles sont {}.",
    ),
    (
        "The dialect or sidecar names the time zone `{}`, which does not exist. Write one such as Europe/Paris.",
        "Le dialecte ou le fichier d'accompagnement nomme le fuseau `{}`, qui n'existe pas. En écrire un tel que Europe/Paris.",
    ),
    (
        "The dialect file is larger than 1 MB: it is no dialect.",
        "Le fichier de dialecte dépasse 1 Mo : ce n'est pas un dialecte.",
    ),
    (
        "The dialect file cannot be read: {}.",
        "Le fichier de dialecte est illisible : {}.",
    ),
    (
        "The dialect cannot be used: {}. The one of that name, if there was one, holds still.",
        "Le dialecte est inutilisable : {}. Celui de ce nom, s'il y en avait un, vaut encore.",
    ),
    (
        "dialect file {} cannot be read; see the example in the documentation of dialects",
        "le fichier de dialecte {} est illisible ; voir l'exemple dans la documentation des dialectes",
    ),
    ("dialect {}: {}", "dialecte {} : {}"),
    (
        "`{}` is no column of {}; the columns are {}",
        "`{}` n'est pas une colonne de {} ; les colonnes sont {}",
    ),
    (
        "`{}` is no column of {}",
        "`{}` n'est pas une colonne de {}",
    ),
    (
        "it extends `{}`, which is not known",
        "il étend `{}`, qui n'est pas connu",
    ),
    (
        "it extends `{}`, which is about {}",
        "il étend `{}`, qui porte sur {}",
    ),
    ("`{}` is not one of {}", "`{}` n'est pas l'un de {}"),
    (
        "date_order is `dmy` or `mdy`",
        "date_order vaut `dmy` ou `mdy`",
    ),
    ("decimal is `.` or `,`", "decimal vaut `.` ou `,`"),
    (
        "exports that look like {} are read by this dialect from now on",
        "les exports qui ressemblent à {} sont désormais lus par ce dialecte",
    ),
    // To know.
    (
        "the file holds a header and no rows; nothing was imported",
        "le fichier contient un en-tête et aucune ligne ; rien n'a été importé",
    ),
    (
        "no column says the currency: amounts without a currency sign are read as {}",
        "aucune colonne ne dit la devise : les montants sans signe de devise sont lus en {}",
    ),
    (
        "only the sheet `{}` was read; sheets {} look like tables too: name one in a sidecar file (`sheet = …`) to read it",
        "seule la feuille `{}` a été lue ; les feuilles {} ressemblent aussi à des tableaux : en nommer une dans un fichier d'accompagnement (`sheet = …`) pour la lire",
    ),
    (
        "{} lines were folded into the row that they belong to",
        "{} lignes ont été réunies à la ligne dont elles font partie",
    ),
    (
        "{} value(s) of {} have no meaning in the tables: {}; map them under [values.{}] in a sidecar or dialect file",
        "{} valeur(s) de {} sans signification dans les tables : {} ; les traduire sous [values.{}] dans un fichier d'accompagnement ou de dialecte",
    ),
    (
        "{} value(s) of {} have no meaning in the tables and hardly recur, so that they are not repeated here ({}); map them under [values.{}] in a sidecar or dialect file",
        "{} valeur(s) de {} sans signification dans les tables et presque sans répétition, donc pas répétées ici ({}) ; les traduire sous [values.{}] dans un fichier d'accompagnement ou de dialecte",
    ),
    (
        "the file has no e-mail: people who are held already lose the one they had, by which they are matched, if it is imported; export it with the e-mail",
        "le fichier n'a pas d'e-mail : les personnes déjà connues perdent, s'il est importé, celui par lequel elles sont rapprochées ; l'exporter avec l'e-mail",
    ),
    (
        "the file was read as Mac Roman, as Excel for Mac writes CSV (Macintosh): check its accents, or export it again as UTF-8",
        "le fichier a été lu en Mac Roman, comme Excel pour Mac écrit le CSV (Macintosh) : vérifier ses accents, ou l'exporter de nouveau en UTF-8",
    ),
    (
        "{} merged cell(s) span several rows, and only the first row of each holds the value: unmerge them, fill the rows in and drop the file again",
        "{} cellule(s) fusionnée(s) couvrent plusieurs lignes, et seule la première ligne de chacune porte la valeur : les défusionner, remplir les lignes et redéposer le fichier",
    ),
    (
        "{} cell(s) hold several addresses; the first was read",
        "{} cellule(s) contiennent plusieurs adresses ; la première a été lue",
    ),
    (
        "{} id(s) end in `.0`, as a program that took them for numbers writes them; they were read without",
        "{} identifiant(s) finissent par `.0`, comme les écrit un programme qui les a pris pour des nombres ; ils ont été lus sans",
    ),
    (
        "{} number(s) could be thousands or decimals and were left empty: say `decimal = \".\"` or `\",\"` in a sidecar file",
        "{} nombre(s) peuvent être des milliers ou des décimales, laissés vides : dire `decimal = \".\"` ou `\",\"` dans un fichier d'accompagnement",
    ),
    (
        "{} row(s) span several days and count on their first; export the report by day",
        "{} ligne(s) couvrent plusieurs jours et comptent au premier ; exporter le rapport par jour",
    ),
    (
        "{} cell(s) of an e-mail column hold no address and were left out",
        "{} cellule(s) d'une colonne d'e-mails sans adresse, laissées de côté",
    ),
    (
        "{} cell(s) of a phone column hold no valid number and were left out",
        "{} cellule(s) d'une colonne de téléphones sans numéro valide, laissées de côté",
    ),
    (
        "{} cell(s) hold several ids; the first was read",
        "{} cellule(s) contiennent plusieurs identifiants ; le premier a été lu",
    ),
    (
        "{} amount(s) had no currency of their own and were read in the workspace's",
        "{} montant(s) sans devise propre, lus dans celle de l'espace de travail",
    ),
    (
        "{} cell(s) of other columns may name or reach somebody, or hold words that do not recur, and were left out",
        "{} cellule(s) d'autres colonnes peuvent nommer ou joindre quelqu'un, ou contiennent des mots qui ne reviennent pas, laissées de côté",
    ),
    (
        "{} other column(s) were left out, because what they hold is neither numbers, days, yes or no nor few words that recur: {}",
        "{} autre(s) colonne(s) laissée(s) de côté, car ce qu'elles contiennent n'est ni nombres, ni jours, ni oui ou non, ni quelques mots qui reviennent : {}",
    ),
    (
        "the file is declared complete and holds no records: nothing was deleted",
        "le fichier est déclaré complet et ne contient aucun enregistrement : rien n'a été supprimé",
    ),
    (
        "the file is declared complete, but {} of its rows are refused: nothing was deleted. Mend them and drop the file again",
        "le fichier est déclaré complet, mais {} de ses lignes sont refusées : rien n'a été supprimé. Les corriger et redéposer le fichier",
    ),
    (
        "the file is declared complete: {} record(s) of {} {} that it does not hold count as deleted from now on",
        "le fichier est déclaré complet : {} enregistrement(s) de {} {} qu'il ne contient pas comptent désormais comme supprimés",
    ),
    // What differs from the last file.
    (
        "column `{}` is gone since the last file of this dialect: the records that the file holds again lose what it said",
        "la colonne `{}` a disparu depuis le dernier fichier de ce dialecte : les enregistrements que le fichier contient de nouveau perdent ce qu'elle disait",
    ),
    (
        "column `{}` was {} and is {} now",
        "la colonne `{}` contenait {} et contient maintenant {}",
    ),
    ("column `{}` is new", "la colonne `{}` est nouvelle"),
    (
        "{} rows where the last file had {}: is it complete?",
        "{} lignes là où le dernier fichier en avait {} : est-il complet ?",
    ),
];
