"""Makes tests/golden/spm: two little SentencePiece models and what the Python package makes of some lines.

    pip install sentencepiece==0.2.0; python3 tests/golden/make_spm.py

unigram.spm normalises by its own table (full-width letters, ligatures, blanks), as translation models do with a
larger one; bpe.spm leaves the text as it is and falls back to bytes. <model>.json lists for every line: line,
pieces, text (the pieces decoded). A second run gives the same bytes.
"""
import io
import json
import os
import tempfile
from pathlib import Path

import sentencepiece as spm

out = Path(__file__).resolve().parent / "spm"
out.mkdir(exist_ok=True)

SENTENCES = """
The engine reads a sentence and writes another one.
A small model learns small words from a few lines.
Every query looks at every key and takes what it needs.
The key that fits best gives most of the value.
Attention is a weighted mean, and the weights sum to one.
The second layer looks at what the first layer wrote.
One head follows the verb, another head follows the noun.
The eye moves, and the fovea sees where it rests.
A shader adds rows of numbers while the fan turns.
Numbers in, numbers out: the words come later.
She writes the weights to a file and reads them again.
The weather was fine, so the readers walked home.
Where the text ends, the model writes an end of its own.
Le moteur lit une phrase et en écrit une autre.
Un petit modèle apprend de petits mots.
La tête suit le verbe, et l'œil suit la tête.
Das Modell liest einen Satz und schreibt einen anderen.
Die Wörter kommen später, größer und schöner.
""".strip().splitlines()

LINES = [
    "",
    "   ",
    "The model reads the weights.",
    "  two  spaces   and an end ",
    "unseen wörds: Zyzzyva, 42!",
    "ＦＵＬＬ ｗｉｄｔｈ ﬁne\u00a0day",
    "naïve café 日本語 🙂",
    "tab\tand ▁ marks",
    "a\0b",
    "<s> reads </s> <unk>",
    "e\u0301 stays two code points",
]


def table():
    """The unigram model's normalisation: code points in hex, from <tab> to."""
    rules = [(0xFF01 + i, chr(0x21 + i)) for i in range(94)]
    rules += [(0xFB01, "fi"), (0xFB02, "fl"), (0x00A0, " "), (0x3000, " "), (0x0009, " "), (0x200B, "")]
    return "".join(f"{a:X}\t{' '.join(f'{ord(c):X}' for c in to)}\n" for a, to in sorted(rules))


def train(name, **options):
    model = io.BytesIO()
    spm.set_random_generator_seed(1)
    spm.SentencePieceTrainer.train(sentence_iterator=iter(SENTENCES), model_writer=model, num_threads=1,
                                   minloglevel=2, **options)
    (out / f"{name}.spm").write_bytes(model.getvalue())
    processor = spm.SentencePieceProcessor(model_proto=model.getvalue())
    cases = []
    for line in LINES:
        pieces = processor.encode(line, out_type=str)
        cases.append({"line": line, "pieces": pieces, "text": processor.decode_pieces(pieces)})
    text = json.dumps(cases, ensure_ascii=False, indent=1)
    (out / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(name, len(model.getvalue()), "bytes,", processor.get_piece_size(), "pieces")


# The model keeps the name of the table as it was given: a relative one, so that no machine's path gets in.
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    Path("rules.tsv").write_text(table(), encoding="utf-8")
    train("unigram", model_type="unigram", vocab_size=150, normalization_rule_tsv="rules.tsv")
    os.chdir(out)
train("bpe", model_type="bpe", vocab_size=400, byte_fallback=True, normalization_rule_name="identity",
      remove_extra_whitespaces=False)
