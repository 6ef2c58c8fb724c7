//! What people write: short French and English messages about coffee machines that do not exist.

/// Most messages contain this made-up word; nothing that is stored may contain it.
pub const TEXT_MARK: &str = "Brumelune";

const QUESTIONS_FR: [&str; 8] = [
    "Bonjour, ma Brumelune affiche le voyant rouge depuis ce matin, que faut-il faire ?",
    "Comment régler la mouture de la Brumelune pour un café moins amer ?",
    "Est-ce que quelqu'un a déjà détartré sa Brumelune avec du vinaigre blanc ?",
    "Où trouver un joint de rechange pour la Brumelune 3 ? Le mien fuit.",
    "Quelle différence entre l'abonnement mensuel et l'annuel ? Je n'ai pas compris.",
    "Ma commande de grains n'est pas arrivée, vous avez eu le même souci ?",
    "Peut-on brancher la Brumelune en Suisse sans adaptateur ?",
    "Quel grain conseillez-vous pour un expresso doux avec la Brumelune ?",
];
const QUESTIONS_EN: [&str; 6] = [
    "Hello, my Brumelune keeps blinking red since this morning, what should I do?",
    "How do you set the grinder of the Brumelune for a less bitter cup?",
    "Has anyone descaled the Brumelune with vinegar? Is it safe?",
    "Where can I find a spare seal for the Brumelune 3? Mine is leaking.",
    "Which beans would you recommend for a mild espresso?",
    "Can I pause my subscription during the holidays?",
];
const ANSWERS_FR: [&str; 8] = [
    "Chez moi, il a suffi de vider le bac et de redémarrer la Brumelune, ça marche très bien depuis.",
    "Oui, deux crans plus gros et l'amertume disparaît. C'est excellent comme ça.",
    "Surtout pas de vinaigre : prends le détartrant de la notice, c'est plus sûr.",
    "Le joint se commande sur le site, rubrique pièces de la Brumelune. Livraison rapide, je suis ravie.",
    "L'annuel revient moins cher et se résilie aussi facilement, je recommande.",
    "Même problème la semaine dernière, le support a répondu vite et bien.",
    "Oui, avec une prise adaptée, aucune difficulté ici.",
    "Je conseille le Brésil du mois, un vrai plaisir avec la Brumelune.",
];
const ANSWERS_EN: [&str; 6] = [
    "Emptying the tray and restarting the Brumelune fixed it for me, works great now.",
    "Two notches coarser and the bitterness is gone. Really good.",
    "Please avoid vinegar, the descaler from the manual is safer for the Brumelune.",
    "The seal is on the website under spare parts, it arrived quickly and I am happy with it.",
    "I love the Brazilian beans of the month, perfect with the Brumelune.",
    "Yes, you can pause it in your account, very easy.",
];
const SHARES_FR: [&str; 8] = [
    "Premier latte art réussi avec la Brumelune, je suis très contente du résultat !",
    "Petit retour : la nouvelle version est vraiment silencieuse, bravo à l'équipe.",
    "Déçu par le dernier lot de grains, trop brûlé à mon goût.",
    "Idée : une fonction café glacé sur la Brumelune serait géniale cet été.",
    "Ma recette du dimanche : cannelle, lait d'avoine et double expresso.",
    "Le réservoir de la Brumelune est fragile, le mien est cassé. C'est pénible.",
    "Bonne semaine à tous, rendez-vous mardi au live !",
    "Merci pour l'accueil, cette communauté est une belle découverte.",
];
const SHARES_EN: [&str; 6] = [
    "First latte art with my Brumelune, so happy with how it turned out!",
    "The new version is really quiet, great work from the team.",
    "Disappointed by the last batch of beans, too burnt for my taste.",
    "Idea: an iced coffee mode on the Brumelune would be wonderful this summer.",
    "The water tank broke after a month, that is annoying.",
    "Have a nice week everyone, see you at the live on Tuesday.",
];
const THANKS_FR: [&str; 4] = [
    "Merci beaucoup, c'était bien ça !",
    "Parfait, ça fonctionne, merci à vous.",
    "Super conseil, merci.",
    "Je teste ce soir avec la Brumelune, merci !",
];
const THANKS_EN: [&str; 3] = [
    "Thank you so much, that was it!",
    "Works perfectly, thanks a lot.",
    "Great advice, thank you.",
];

/// What a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    Question,
    Answer,
    Share,
    Thanks,
}

/// The words of a message.
pub(crate) fn words(intent: Intent, french: bool, key: u64) -> &'static str {
    let list: &[&'static str] = match (intent, french) {
        (Intent::Question, true) => &QUESTIONS_FR,
        (Intent::Question, false) => &QUESTIONS_EN,
        (Intent::Answer, true) => &ANSWERS_FR,
        (Intent::Answer, false) => &ANSWERS_EN,
        (Intent::Share, true) => &SHARES_FR,
        (Intent::Share, false) => &SHARES_EN,
        (Intent::Thanks, true) => &THANKS_FR,
        (Intent::Thanks, false) => &THANKS_EN,
    };
    list[(key % list.len() as u64) as usize]
}

/// Sentiment in [−1, 1] of one of the messages; `None` for those that ask.
pub(crate) fn mood(words: &str) -> Option<f64> {
    const SOUR: [&str; 6] = [
        "Déçu",
        "fragile",
        "pénible",
        "Disappointed",
        "annoying",
        "broke",
    ];
    if words.ends_with('?') {
        None
    } else if SOUR.iter().any(|sour| words.contains(sour)) {
        Some(-0.5)
    } else {
        Some(0.5)
    }
}
