# SPDX-License-Identifier: Apache-2.0
"""How generators write."""


def write_if_changed(path, content):
    """content: text or bytes. An unchanged output keeps its time, so that nothing that includes it is compiled again."""
    data = content.encode() if isinstance(content, str) else content
    try:
        with open(path, "rb") as file:
            if file.read() == data:
                return
    except FileNotFoundError:
        pass
    with open(path, "wb") as file:
        file.write(data)
