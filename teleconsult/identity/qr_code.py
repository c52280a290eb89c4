"""A text as a QR code (ISO/IEC 18004), drawn as SVG."""

QUIET_MODULES = 4  # ISO/IEC 18004: the white edge without which cameras find nothing


def as_svg(text: str) -> str:
    # Here, as all kinds of bar codes come with it, and a start shall not wait for them.
    from reportlab.graphics.barcode.qrencoder import QR8bitByte, QRCode, QRErrorCorrectLevel

    code = QRCode(None, QRErrorCorrectLevel.M)  # the smallest version that holds it
    code.addData(QR8bitByte(text.encode()))
    code.make()
    count = code.getModuleCount()
    size = count + 2 * QUIET_MODULES
    dark = "".join(
        f"M{column + QUIET_MODULES} {row + QUIET_MODULES}h1v1h-1z"
        for row in range(count)
        for column in range(count)
        if code.isDark(row, column)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{dark}"/></svg>'
    )
