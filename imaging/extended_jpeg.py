"""JPEG Extended with 12 bits, which pydicom's own plugins refuse: GDCM decodes it, asked directly.

Registered with pydicom as one more plugin, under PLUGIN, for JPEG Extended only.
"""

import gdcm
from pydicom.pixels.decoders.base import DecodeRunner, JPEGExtended12BitDecoder
from pydicom.uid import JPEGExtended12Bit

PLUGIN = "gdcm-extended"
# pydicom asks a plugin's module for these two names.
DECODER_DEPENDENCIES = {JPEGExtended12Bit: ("gdcm>=3.0.10",)}


def is_available(uid: str) -> bool:
    """Return whether frames of this transfer syntax are decoded here."""
    return uid == JPEGExtended12Bit


def decode_frame(src: bytes, runner: DecodeRunner) -> bytes:
    """Return the pixels of one frame, 8 or 16 bits each, colour by pixel or plane as the runner says.

    Raises:
        ValueError: GDCM refused.

    Source: DICOM PS3.5 8.2.1, ITU-T T.81 process 4.
    """
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(src)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((runner.columns, runner.rows, 1))
    image.SetDataElement(element)
    colour = gdcm.PhotometricInterpretation.GetPIType(str(runner.photometric_interpretation))
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(colour))
    if runner.samples_per_pixel > 1:
        image.SetPlanarConfiguration(runner.planar_configuration)
    syntax = gdcm.TransferSyntax.GetTSType(str.__str__(runner.transfer_syntax))
    image.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    image.SetPixelFormat(
        gdcm.PixelFormat(
            runner.samples_per_pixel,
            runner.bits_allocated,
            runner.bits_stored,
            runner.bits_stored - 1,
            runner.pixel_representation,
        )
    )
    pixels = image.GetBuffer()
    if pixels is None:
        raise ValueError("GDCM could not decode the frame")
    decoded: bytes = pixels.encode("utf-8", "surrogateescape")  # its char* comes as text
    return decoded


if PLUGIN not in JPEGExtended12BitDecoder.available_plugins:
    JPEGExtended12BitDecoder.add_plugin(PLUGIN, (__name__, "decode_frame"))
