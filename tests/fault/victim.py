# SPDX-License-Identifier: Apache-2.0
"""A process that writes as fast as it can and prints each id once its write is acknowledged, killed in the middle of it."""
import os
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get('BUILD_DIR', 'build')


def killed_run(program, *args, after):
    """Starts tests/store/<program>, kills it `after` seconds after its first acknowledgement; the ids it acknowledged, as text."""
    with tempfile.TemporaryFile() as out:
        victim = subprocess.Popen([os.path.join(BUILD, 'tests/store', program), *args], stdout=out)
        deadline = time.monotonic() + 60
        while os.fstat(out.fileno()).st_size == 0:
            if victim.poll() is not None or time.monotonic() > deadline:
                victim.kill()
                sys.exit('the writer did not start to write')
            time.sleep(0.005)
        time.sleep(after)
        if victim.poll() is not None:
            sys.exit('the writer ended by itself')
        victim.kill()
        victim.wait()
        out.seek(0)
        return out.read().decode().split('\n')[:-1]  # a last line without its end was not finished
