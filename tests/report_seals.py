"""What a PDF reader finds of the signature in a report."""

from io import BytesIO
from pathlib import Path
from typing import Any

from pyhanko.keys import load_certs_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext


def verdict(pdf: bytes, *roots: Path) -> Any:
    """pyHanko's on the one signature in `pdf`, trusting the certificates in `roots` alone."""
    (signature,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    context = ValidationContext(trust_roots=list(load_certs_from_pemder(roots)), allow_fetching=False)
    return validate_pdf_signature(signature, context, ts_validation_context=context)
