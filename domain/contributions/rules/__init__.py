"""Rules of collection: pure, importing nothing but kernel, policy and the area's refusals."""
