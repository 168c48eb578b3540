"""What the simulated market knows and a brand does not: estimates of `apex` held against the truth of `twin`.

`make truth` writes reports/truth/index.html. Neither `apex` nor a notebook reads anything of it.
"""
