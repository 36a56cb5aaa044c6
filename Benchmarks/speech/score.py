"""Word error rate, of texts normalised as Whisper's own evaluation does."""
import dataclasses

import jiwer
from whisper_normalizer.english import EnglishTextNormalizer

NORMALIZE = EnglishTextNormalizer()


@dataclasses.dataclass
class Errors:
    words: int = 0
    substituted: int = 0
    deleted: int = 0
    inserted: int = 0

    @property
    def rate(self):
        return (self.substituted + self.deleted + self.inserted) / max(self.words, 1)

    def __add__(self, other):
        return Errors(*(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other))))


def errors(reference, text):
    reference = NORMALIZE(reference)
    text = NORMALIZE(text)
    if not text.strip():
        count = len(reference.split())
        return Errors(count, 0, count, 0)
    found = jiwer.process_words(reference, text)
    return Errors(found.hits + found.substitutions + found.deletions, found.substitutions, found.deletions,
                  found.insertions)
