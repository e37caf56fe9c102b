#!/usr/bin/env python3
"""Tests the page of `serve` in a real Chromium: python3 page_tests.py [--server URL] [--screenshots FOLDER] [TEST...]

Without a server's address it tests against mock_server.py, which can be slow, fail and tell what it received. Against
a real server the tests that need this skip; the others must pass with any model. Scripts/verify-page installs what is
needed and calls this.
"""
import argparse
import pathlib
import unittest

from page_case import Setting


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", metavar="URL", help="a running server, http://127.0.0.1:8080/ for instance")
    parser.add_argument("--screenshots", metavar="FOLDER", type=pathlib.Path, help="where to leave pictures")
    parser.add_argument("tests", nargs="*", metavar="TEST", help="such as test_images.Images.test_paste; all without")
    arguments = parser.parse_args()
    if arguments.server:
        Setting.server_address = arguments.server.rstrip("/") + "/"
    if arguments.screenshots:
        arguments.screenshots.mkdir(parents=True, exist_ok=True)
        Setting.screenshots = arguments.screenshots
    loader = unittest.TestLoader()
    folder = pathlib.Path(__file__).resolve().parent
    tests = loader.loadTestsFromNames(arguments.tests) if arguments.tests else loader.discover(str(folder), "test_*.py")
    result = unittest.TextTestRunner(verbosity=2).run(tests)
    raise SystemExit(0 if result.wasSuccessful() and result.testsRun else 1)


if __name__ == "__main__":
    main()
