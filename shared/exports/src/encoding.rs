//! From bytes to UTF-8, without guessing: byte order mark, strict UTF-8, UTF-16, else Windows-1252.
//!
//! One pass over the whole file takes a census of its bytes. Only then is the encoding settled, so that a single Windows-1252
//! accent at the end of a large file does not pass for a broken character. What cannot be told is refused with the question
//! to answer: bytes that Windows-1252 does not have, text that was decoded wrongly before it was saved, and ISO-8859-15,
//! which differs from Windows-1252 by eight bytes and is known only by its euro sign.

use std::io::{self, Read};

use encoding_rs::{
    CoderResult, Decoder, Encoding, ISO_8859_15, MACINTOSH, UTF_16BE, UTF_16LE, WINDOWS_1252,
};

/// How a text file is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    Utf8,
    Utf8Bom,
    Utf16Le,
    Utf16Be,
    Windows1252,
    Iso8859_15,
    Macintosh,
}

impl Charset {
    /// The name that receipts carry.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf8Bom => "utf-8-bom",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1252 => "windows-1252",
            Self::Iso8859_15 => "iso-8859-15",
            Self::Macintosh => "macintosh",
        }
    }

    /// Reads a name as an admin would write it in a sidecar.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Self::Utf8,
            "utf-8-bom" | "utf-8-sig" => Self::Utf8Bom,
            "utf-16" | "utf-16le" => Self::Utf16Le,
            "utf-16be" => Self::Utf16Be,
            // Browsers and spreadsheets alike read declared Latin-1 as Windows-1252.
            "windows-1252" | "cp1252" | "latin1" | "latin-1" | "iso-8859-1" => Self::Windows1252,
            "iso-8859-15" | "latin9" | "latin-9" => Self::Iso8859_15,
            "macintosh" | "mac-roman" | "macroman" => Self::Macintosh,
            _ => return None,
        })
    }

    fn decoder(self) -> Option<&'static Encoding> {
        match self {
            Self::Utf8 | Self::Utf8Bom => None,
            Self::Utf16Le => Some(UTF_16LE),
            Self::Utf16Be => Some(UTF_16BE),
            Self::Windows1252 => Some(WINDOWS_1252),
            Self::Iso8859_15 => Some(ISO_8859_15),
            Self::Macintosh => Some(MACINTOSH),
        }
    }
}

/// What the bytes of a file are, counted once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Census {
    pub(crate) bytes: u64,
    head: Vec<u8>,
    nul: u64,
    high: u64,
    multibyte: u64,
    invalid: u64,
    cut_at_end: bool,
    c1: u64,
    undefined: u64,
    latin9: u64,
    mojibake: u64,
    replacement: u64,
    /// Bytes that are accents inside words if the file is Mac Roman, and signs inside words if it is Windows-1252.
    mac: u64,
    /// The same the other way round.
    windows: u64,
    /// The last two bytes.
    last: [u8; 2],
    carry: Vec<u8>,
}

const HEAD: usize = 4096;

impl Census {
    /// Counts all of `input`.
    pub(crate) fn take(input: &mut dyn Read) -> io::Result<Self> {
        let mut census = Self::default();
        let mut chunk = vec![0; 256 * 1024];
        loop {
            let n = match input.read(&mut chunk) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            census.update(&chunk[..n]);
        }
        census.finish();
        Ok(census)
    }

    fn update(&mut self, chunk: &[u8]) {
        self.bytes += chunk.len() as u64;
        if self.head.len() < HEAD {
            let room = HEAD - self.head.len();
            self.head.extend_from_slice(&chunk[..chunk.len().min(room)]);
        }
        self.count_words(chunk);
        self.nul += memchr::memchr_iter(0, chunk).count() as u64;
        if chunk.is_ascii() && self.carry.is_empty() {
            return;
        }
        for &byte in chunk {
            if byte >= 0x80 {
                self.high += 1;
                match byte {
                    0x80..=0x9F => {
                        self.c1 += 1;
                        if matches!(byte, 0x81 | 0x8D | 0x8F | 0x90 | 0x9D) {
                            self.undefined += 1;
                        }
                    }
                    0xA4 | 0xA6 | 0xA8 | 0xB4 | 0xB8 | 0xBC | 0xBD | 0xBE => self.latin9 += 1,
                    _ => {}
                }
            }
        }
        let mut joined = std::mem::take(&mut self.carry);
        let bytes: &[u8] = if joined.is_empty() {
            chunk
        } else {
            joined.extend_from_slice(chunk);
            &joined
        };
        self.check_utf8(bytes);
    }

    /// Looks at each byte between its neighbours.
    fn count_words(&mut self, chunk: &[u8]) {
        let [mut before, mut at] = self.last;
        if chunk.is_ascii() && at.is_ascii() {
            if let [.., one, other] = chunk {
                self.last = [*one, *other];
            } else if let [one] = chunk {
                self.last = [at, *one];
            }
            return;
        }
        for &after in chunk {
            if at >= 0x80 && before.is_ascii_lowercase() {
                match at {
                    // é è ê à ç and what no letter follows in Windows-1252: Ž, ˆ, ƒ, or nothing at all.
                    0x83 | 0x88 | 0x8D | 0x8E | 0x8F | 0x90 | 0x9D => self.mac += 1,
                    // â î ï ô, for ‰ ” • ™.
                    0x89 | 0x94 | 0x95 | 0x99 if after.is_ascii_lowercase() => self.mac += 1,
                    // à ç è é ê î ô in Windows-1252.
                    0xE0 | 0xE7 | 0xE8 | 0xE9 | 0xEA | 0xEE | 0xF4 => self.windows += 1,
                    _ => {}
                }
            }
            (before, at) = (at, after);
        }
        self.last = [before, at];
    }

    fn check_utf8(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    self.count_text(text);
                    return;
                }
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    if let Ok(text) = std::str::from_utf8(good) {
                        self.count_text(text);
                    }
                    match error.error_len() {
                        None => {
                            self.carry = bad.to_vec();
                            return;
                        }
                        Some(n) => {
                            self.invalid += 1;
                            rest = &bad[n..];
                        }
                    }
                }
            }
        }
    }

    fn count_text(&mut self, text: &str) {
        if text.is_ascii() {
            return;
        }
        let mut previous = ' ';
        for c in text.chars() {
            if c.is_ascii() {
                previous = c;
                continue;
            }
            self.multibyte += 1;
            if c == '\u{FFFD}' {
                self.replacement += 1;
            }
            // `é` read as Windows-1252 and saved as UTF-8 is `Ã©`; the apostrophe `’` becomes `â€™`.
            let second_half = matches!(c, '\u{80}'..='\u{BF}' | 'Œ' | 'œ' | 'Š' | 'š' | 'Ÿ' | 'Ž' | 'ž' | 'ƒ' | 'ˆ' | '˜' | '–' | '—' | '‘'..='”' | '†'..='•' | '…' | '‰' | '‹' | '›' | '€' | '™' | '„');
            if (matches!(previous, 'Ã' | 'Â') && second_half) || (previous == 'â' && c == '€')
            {
                self.mojibake += 1;
            }
            previous = c;
        }
    }

    fn finish(&mut self) {
        if !self.carry.is_empty() {
            self.cut_at_end = true;
            self.carry.clear();
        }
    }

    /// Whether the file is not text at all: NUL bytes that are no UTF-16.
    pub(crate) fn settle(&self, declared: Option<Charset>) -> Result<Settled, String> {
        if self.bytes == 0 {
            return Err("The file is empty: it holds not a single byte. Export it again and check its size before dropping it.".to_owned());
        }
        let head = self.head.as_slice();
        let wide = if head.starts_with(&[0xFF, 0xFE]) {
            Some(Charset::Utf16Le)
        } else if head.starts_with(&[0xFE, 0xFF]) {
            Some(Charset::Utf16Be)
        } else {
            utf16_without_mark(head)
        };
        if let Some(charset) = wide.or(match declared {
            Some(c @ (Charset::Utf16Le | Charset::Utf16Be)) => Some(c),
            _ => None,
        }) {
            if self.bytes % 2 == 1 {
                return Err("The file is UTF-16 but ends in the middle of a character: it was cut off. Export it again.".to_owned());
            }
            return Ok(Settled::sure(charset));
        }
        if self.nul > 0 {
            return Err(format!(
                "The file holds {} NUL byte(s), which no text table has: it is damaged or not a table. Export it again as CSV in UTF-8.",
                self.nul
            ));
        }
        let marked = head.starts_with(&[0xEF, 0xBB, 0xBF]);
        match declared {
            Some(charset @ (Charset::Windows1252 | Charset::Iso8859_15 | Charset::Macintosh)) => {
                return Ok(Settled::sure(charset));
            }
            Some(_) if self.invalid > 0 || self.cut_at_end => {
                return Err(
                    "The file was declared UTF-8 but is not: some bytes are no UTF-8 characters."
                        .to_owned(),
                );
            }
            _ => {}
        }
        if self.invalid == 0 && self.cut_at_end && self.multibyte > 0 {
            return Err(
                "The file ends in the middle of a character: it was cut off. Export it again."
                    .to_owned(),
            );
        }
        if self.invalid == 0 && !self.cut_at_end {
            let broken = self.mojibake * 2 + self.replacement;
            if broken > 0 && broken * 2 >= self.multibyte.saturating_sub(u64::from(marked)) {
                return Err(if self.replacement > 0 {
                    format!(
                        "The file is mis-encoded: {} character(s) were lost (shown as \u{FFFD}) when it was saved. Export it again as UTF-8.",
                        self.replacement
                    )
                } else {
                    "The file is mis-encoded: its accents were read in the wrong encoding before it was saved (Ã© for é). Export it again as UTF-8, without opening it in a spreadsheet.".to_owned()
                });
            }
            let mut settled = Settled::sure(if marked {
                Charset::Utf8Bom
            } else {
                Charset::Utf8
            });
            if broken > 0 {
                settled.warning = Some(format!(
                    "{broken} character(s) look as if they had been saved in the wrong encoding by the system that exported them"
                ));
            }
            return Ok(settled);
        }
        if marked || (self.multibyte > 0 && self.multibyte >= self.invalid) {
            return Err("The file mixes UTF-8 and another encoding: some accents are UTF-8, others are not. Export it again as UTF-8 in one go.".to_owned());
        }
        if self.mac > 0 && self.windows == 0 {
            return Ok(Settled {
                charset: Charset::Macintosh,
                maybe_latin9: false,
                warning: Some(
                    "the file was read as Mac Roman, as Excel for Mac writes CSV (Macintosh): check its accents, or export it again as UTF-8".to_owned(),
                ),
            });
        }
        if self.undefined > 0 {
            return Err("The file is neither UTF-8 nor Windows-1252: it holds bytes that are no character in either. Export it again as UTF-8, or say its encoding in a sidecar file.".to_owned());
        }
        Ok(Settled {
            charset: Charset::Windows1252,
            maybe_latin9: self.c1 == 0 && self.latin9 > 0,
            warning: None,
        })
    }
}

/// The encoding, and what is still open about it.
#[derive(Clone, Debug)]
pub(crate) struct Settled {
    pub(crate) charset: Charset,
    /// Bytes are there that ISO-8859-15 and Windows-1252 read differently, and none that only one of them has.
    pub(crate) maybe_latin9: bool,
    pub(crate) warning: Option<String>,
}

impl Settled {
    fn sure(charset: Charset) -> Self {
        Self {
            charset,
            maybe_latin9: false,
            warning: None,
        }
    }
}

fn utf16_without_mark(head: &[u8]) -> Option<Charset> {
    if head.len() < 4 {
        return None;
    }
    let pairs = head.len() / 2;
    let nul_at = |offset: usize| {
        head.iter()
            .skip(offset)
            .step_by(2)
            .filter(|byte| **byte == 0)
            .count()
    };
    let (even, odd) = (nul_at(0), nul_at(1));
    if odd * 10 >= pairs * 8 && even == 0 {
        Some(Charset::Utf16Le)
    } else if even * 10 >= pairs * 8 && odd == 0 {
        Some(Charset::Utf16Be)
    } else {
        None
    }
}

/// Gives UTF-8 bytes, whatever lies underneath. UTF-8 passes through; its byte order mark does not.
pub(crate) struct Utf8Reader<R> {
    inner: R,
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    raw_at: usize,
    out: String,
    out_at: usize,
    ended: bool,
    at_start: bool,
    had_errors: bool,
}

impl<R: Read> Utf8Reader<R> {
    pub(crate) fn new(inner: R, charset: Charset) -> Self {
        Self {
            inner,
            decoder: charset
                .decoder()
                .map(Encoding::new_decoder_with_bom_removal),
            raw: Vec::new(),
            raw_at: 0,
            out: String::new(),
            out_at: 0,
            ended: false,
            at_start: true,
            had_errors: false,
        }
    }

    fn decode_more(&mut self) -> io::Result<()> {
        let Some(decoder) = self.decoder.as_mut() else {
            return Ok(());
        };
        self.out.clear();
        self.out_at = 0;
        while self.out.is_empty() && !self.ended {
            if self.raw_at == self.raw.len() {
                self.raw.resize(64 * 1024, 0);
                let n = self.inner.read(&mut self.raw)?;
                self.raw.truncate(n);
                self.raw_at = 0;
            }
            let last = self.raw.is_empty();
            self.out.reserve(96 * 1024);
            let (result, read, errors) =
                decoder.decode_to_string(&self.raw[self.raw_at..], &mut self.out, last);
            self.had_errors |= errors;
            self.raw_at += read;
            if last && result == CoderResult::InputEmpty {
                self.ended = true;
            }
        }
        if self.had_errors {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the file holds characters that are cut in half",
            ));
        }
        Ok(())
    }
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.decoder.is_none() {
            if self.at_start {
                self.at_start = false;
                let mut mark = [0; 3];
                let mut n = 0;
                while n < 3 {
                    let got = self.inner.read(&mut mark[n..])?;
                    if got == 0 {
                        break;
                    }
                    n += got;
                }
                if mark[..n] != [0xEF, 0xBB, 0xBF] {
                    self.raw.extend_from_slice(&mark[..n]);
                }
            }
            if self.raw_at < self.raw.len() {
                let n = (self.raw.len() - self.raw_at).min(buffer.len());
                buffer[..n].copy_from_slice(&self.raw[self.raw_at..self.raw_at + n]);
                self.raw_at += n;
                return Ok(n);
            }
            return self.inner.read(buffer);
        }
        if self.out_at == self.out.len() {
            if self.ended {
                return Ok(0);
            }
            self.decode_more()?;
        }
        let rest = &self.out.as_bytes()[self.out_at..];
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.out_at += n;
        Ok(n)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn settle(bytes: &[u8]) -> Result<&'static str, String> {
        let census = Census::take(&mut &bytes[..]).unwrap();
        census.settle(None).map(|settled| settled.charset.name())
    }

    #[test]
    fn encodings_are_told_by_their_bytes() {
        for (case, bytes, want) in [
            ("ascii", &b"a,b\n1,2\n"[..], Some("utf-8")),
            ("utf-8", "é,è".as_bytes(), Some("utf-8")),
            ("utf-8 with mark", b"\xEF\xBB\xBFa,b", Some("utf-8-bom")),
            ("utf-16le with mark", b"\xFF\xFEa\0,\0", Some("utf-16le")),
            ("utf-16be without mark", b"\0a\0,\0b\0\n", Some("utf-16be")),
            ("windows-1252", b"nom\npr\xE9nom\n", Some("windows-1252")),
            (
                "windows-1252 euro",
                b"prix\n10 \x80\n",
                Some("windows-1252"),
            ),
            ("byte that is no character", b"nom\n\x81\xE9\n", None),
            ("nul", b"a,b\n\0,2\n3,4\n5,6\n", None),
            ("mojibake", "prÃ©nom\nHÃ©lÃ¨ne\n".as_bytes(), None),
            ("lost characters", "pr\u{FFFD}nom\n".as_bytes(), None),
            ("mixed", b"\xC3\xA9\xC3\xA8\n\xE9\n", None),
            ("cut in a character", b"\xC3\xA9\xC3", None),
            ("empty", b"", None),
        ] {
            assert_eq!(settle(bytes).ok(), want, "{case}");
        }
    }

    #[test]
    fn decoding_gives_utf8_without_the_mark() {
        for (case, bytes, charset, want) in [
            ("mark", &b"\xEF\xBB\xBFa"[..], Charset::Utf8Bom, "a"),
            ("1252", b"\xE9\x80", Charset::Windows1252, "é€"),
            ("8859-15", b"\xA4", Charset::Iso8859_15, "€"),
            ("utf-16", b"\xFF\xFE\xE9\0", Charset::Utf16Le, "é"),
            ("short", b"a", Charset::Utf8, "a"),
        ] {
            let mut out = String::new();
            Utf8Reader::new(bytes, charset)
                .read_to_string(&mut out)
                .unwrap();
            assert_eq!(out, want, "{case}");
        }
    }
}
