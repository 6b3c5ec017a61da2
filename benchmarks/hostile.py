"""Seconds for one note of hostile text, its length doubled six times: linear time doubles with it.

python benchmarks/hostile.py [CHARACTERS]   default: from 8,000 characters to 512,000
"""

import gc
import sys
import time

import classifier

ANCHORS = "cancer metastatic nodes positive recurrence advanced stage liver mets N1 M1 second primary "
TEXTS = {
    "anchors": ANCHORS,
    "anchors, no sentence end": ANCHORS.replace(" ", ", "),
    "newlines": "\n",
    "one chunk": "cancermets",
    "one word": "x",
    "chunk of marks": "cancer/mets-",
    "chunk of sites": "liver/mets/",
    "chunk of cues": "no/mets/but/",
    "brackets": "(",
    "underscores": "__x",
    "endings": "x's",
    "slashes": "r/o-",
    "angle brackets": "<p ",
    "a long list": "- liver metastases\n",
    "negations": "no evidence of mets, ",
    "TNM": "T2N1M1",
    "headings": "PLAN:\n",
    "specimens in one line": "A. Liver, biopsy: no metastasis. ",
    "specimens line by line": "A. Liver, biopsy: no metastasis.\n",
    "digits and dots": "1.2.",
    "accents": "e\u0301",
}
DOUBLINGS = 6


def main() -> None:
    """Print a line for each text: seconds at each length, and the last ratio; the status is 1 where one exceeds 3."""
    base = int(sys.argv[1]) if len(sys.argv) > 1 else 8_000
    clf = classifier.load()
    clf.tag_text("Breast cancer metastatic to the liver. " * 50)
    steep = False
    print(f"{'seconds at':25}" + "".join(f"{base << step:>10,}" for step in range(DOUBLINGS + 1)) + "   last ratio")
    for name, part in TEXTS.items():
        times = []
        for step in range(DOUBLINGS + 1):
            length = base << step
            text = (part * (length // len(part) + 1))[:length] + " Breast cancer metastatic to the liver."
            # What earlier texts left behind is not this one's.
            gc.collect()
            began = time.process_time()
            clf.tag_text(text)
            times.append(time.process_time() - began)
        ratio = times[-1] / times[-2]
        steep |= ratio > 3 and times[-1] > 0.1
        print(f"{name:25.25}" + "".join(f"{took:10.3f}" for took in times) + f"{ratio:10.1f}", flush=True)
    sys.exit(steep)


if __name__ == "__main__":
    main()
