//! The colours of the pages, light and dark, as data: the stylesheet is written from them and their contrast is tested.

/// One colour in the light and in the dark scheme, by the name of its CSS variable.
pub(crate) struct Colour {
    pub(crate) name: &'static str,
    pub(crate) light: &'static str,
    pub(crate) dark: &'static str,
}

const fn colour(name: &'static str, light: &'static str, dark: &'static str) -> Colour {
    Colour { name, light, dark }
}

/// Paper, ink, a deep green for what the community adds, clay for what was there already.
pub(crate) const PALETTE: &[Colour] = &[
    colour("paper", "#f5f2ea", "#0f1614"),
    colour("card", "#fffdf8", "#17211e"),
    colour("ink", "#17241f", "#e9ede8"),
    colour("muted", "#55645d", "#a3b3ab"),
    colour("line", "#dfd9ca", "#2c3a35"),
    colour("green", "#0b6650", "#5fd0ac"),
    colour("green-soft", "#cfe6dc", "#1d4a3d"),
    colour("clay", "#9c4226", "#f0986f"),
    colour("clay-soft", "#f5dfd3", "#4d2c1f"),
    colour("gold", "#80590b", "#e6bd5c"),
    colour("gold-soft", "#f2e4c1", "#44371a"),
    colour("grey-soft", "#e8e4d9", "#2a3531"),
    colour("heat0", "#eef1ea", "#1b2724"),
    colour("heat1", "#d5e6dc", "#1d3a32"),
    colour("heat2", "#aed3c3", "#1f5044"),
    colour("heat3", "#79b8a2", "#247060"),
    colour("heat4", "#1d7a63", "#4fb597"),
    colour("heat5", "#08503f", "#8be0c3"),
    colour("heat0-ink", "#17241f", "#e9ede8"),
    colour("heat1-ink", "#17241f", "#e9ede8"),
    colour("heat2-ink", "#17241f", "#f2f5f1"),
    colour("heat3-ink", "#17241f", "#ffffff"),
    colour("heat4-ink", "#ffffff", "#0f1614"),
    colour("heat5-ink", "#ffffff", "#0f1614"),
];

/// The variables of one scheme, as CSS declarations.
pub(crate) fn variables(dark: bool) -> String {
    PALETTE
        .iter()
        .map(|colour| {
            format!(
                "--{}:{};",
                colour.name,
                if dark { colour.dark } else { colour.light }
            )
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Relative luminance of `#rrggbb`, as WCAG 2 defines it.
    fn luminance(hex: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (a, b) = (luminance(one), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_reaches_aa_on_its_ground_in_both_schemes() {
        let find = |name: &str| PALETTE.iter().find(|colour| colour.name == name).unwrap();
        let mut pairs = vec![
            ("ink", "paper"),
            ("ink", "card"),
            ("muted", "paper"),
            ("muted", "card"),
            ("green", "card"),
            ("green", "paper"),
            ("clay", "card"),
            ("clay", "paper"),
            ("gold", "card"),
            ("green", "green-soft"),
            ("clay", "clay-soft"),
            ("gold", "gold-soft"),
            ("muted", "grey-soft"),
        ];
        pairs.extend([
            ("heat0-ink", "heat0"),
            ("heat1-ink", "heat1"),
            ("heat2-ink", "heat2"),
            ("heat3-ink", "heat3"),
            ("heat4-ink", "heat4"),
            ("heat5-ink", "heat5"),
        ]);
        for (text, ground) in pairs {
            let (text, ground) = (find(text), find(ground));
            for (scheme, a, b) in [
                ("light", text.light, ground.light),
                ("dark", text.dark, ground.dark),
            ] {
                let got = contrast(a, b);
                assert!(
                    got >= 4.5,
                    "{} on {} ({scheme}): {got:.2}",
                    text.name,
                    ground.name
                );
            }
        }
    }
}
