//! A quick way to encode with tokenizers of the Llama 2 family, whose model sees a text as one long word:
//! spaces become '▁' and no pre-tokenizer cuts. Merging over the whole text is slow, and its result is
//! rarely seen twice, so caching does not help.
//!
//! No token of such a vocabulary holds a '▁' behind another character, so no merge ever crosses the
//! place where a '▁' follows something else. Cut there, the pieces are words, merged one by one with
//! the same result, and words are seen again and again.
//!
//! `Pieces::of` gives nothing unless all of this was found to be so in the file.

use crate::error::{invalid, Result};
use serde::Deserialize;
use serde_json::{json, Value};
use std::collections::HashMap;
use std::sync::RwLock;
use tokenizers::models::bpe::BPE;
use tokenizers::{Model, ModelWrapper, Tokenizer};

const SPACE: char = '▁';
/// Bounds the cache to some megabytes: entries, and bytes of a word worth keeping.
const MAX_WORDS: usize = 1 << 15;
const MAX_WORD_BYTES: usize = 48;

pub struct Pieces {
    /// Tokens that are cut out of a text before anything else: texts that hold one go the plain way.
    added: Vec<String>,
    words: RwLock<HashMap<Box<str>, Box<[u32]>>>,
}

impl Pieces {
    pub fn of(tokenizer: &Tokenizer, json: &[u8]) -> Option<Self> {
        let file: File = serde_json::from_slice(json).ok()?;
        let bpe = model_of(tokenizer)?;
        let never_crossed = |token: &String| {
            let mut before = SPACE;
            token.chars().all(|c| {
                let fine = c != SPACE || before == SPACE;
                before = c;
                fine
            })
        };
        if !file.has_right_settings() || !bpe.get_vocab().keys().all(never_crossed) {
            return None;
        }
        let added = tokenizer
            .get_added_tokens_decoder()
            .into_values()
            .map(|t| t.content)
            .collect();
        Some(Self {
            added,
            words: RwLock::default(),
        })
    }

    /// None: this text must go the plain way.
    pub fn encode(&self, tokenizer: &Tokenizer, text: &str) -> Result<Option<Vec<u32>>> {
        let Some(bpe) = model_of(tokenizer) else {
            return Ok(None);
        };
        if text.is_empty() || self.added.iter().any(|token| text.contains(token.as_str())) {
            return Ok(None);
        }
        let mut normal = String::with_capacity(text.len() * 3 / 2 + SPACE.len_utf8());
        normal.push(SPACE);
        for c in text.chars() {
            normal.push(if c == ' ' { SPACE } else { c });
        }
        let mut ids = Vec::with_capacity(text.len() / 3);
        let mut unseen = Vec::new();
        {
            let words = self
                .words
                .read()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            for piece in cut(&normal) {
                match words.get(piece) {
                    Some(known) => ids.extend_from_slice(known),
                    None => {
                        let found = merge(bpe, piece)?;
                        ids.extend_from_slice(&found);
                        if piece.len() <= MAX_WORD_BYTES {
                            unseen.push((piece, found));
                        }
                    }
                }
            }
            if words.len() >= MAX_WORDS {
                unseen.clear();
            }
        }
        if !unseen.is_empty() {
            let mut words = self
                .words
                .write()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            for (piece, found) in unseen {
                words.insert(piece.into(), found.into());
            }
        }
        Ok(Some(ids))
    }
}

fn model_of(tokenizer: &Tokenizer) -> Option<&BPE> {
    match tokenizer.get_model() {
        ModelWrapper::BPE(bpe) => Some(bpe),
        _ => None,
    }
}

fn merge(bpe: &BPE, piece: &str) -> Result<Vec<u32>> {
    let tokens = bpe.tokenize(piece).map_err(invalid)?;
    Ok(tokens.into_iter().map(|token| token.id).collect())
}

/// The parts of `normal`, cut before each '▁' that follows another character.
fn cut(normal: &str) -> impl Iterator<Item = &str> {
    let mut rest = normal;
    std::iter::from_fn(move || {
        let start = rest.find(|c| c != SPACE).unwrap_or(rest.len());
        let end = rest[start..].find(SPACE).map_or(rest.len(), |i| start + i);
        let piece;
        (piece, rest) = rest.split_at(end);
        (!piece.is_empty()).then_some(piece)
    })
}

/// Of a tokenizer.json, without the vocabulary.
#[derive(Deserialize)]
struct File {
    normalizer: Value,
    pre_tokenizer: Value,
    model: ModelSettings,
}

#[derive(Deserialize)]
struct ModelSettings {
    dropout: Option<f32>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
}

impl File {
    fn has_right_settings(&self) -> bool {
        let normalizer = json!({"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]});
        self.normalizer == normalizer
            && self.pre_tokenizer.is_null()
            && self.model.dropout.is_none()
            && self.model.continuing_subword_prefix.is_none()
            && self.model.end_of_word_suffix.is_none()
    }
}
