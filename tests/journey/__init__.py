"""The whole way on real parts: page, service, runner, browser, replica."""
