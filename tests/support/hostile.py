"""Texts that would act where they are shown, if they were not escaped."""

# Kind -> text. Each that runs a script adds its mark to ``window.ran``.
TEXTS = {
    "an image": "<img src=x onerror=\"(window.ran ||= []).push('img')\">",
    "a script": "</script><script>(window.ran ||= []).push('script')</script>",
    "a cell's end": "</td></tr><svg onload=\"(window.ran ||= []).push('svg')\">",
    "a comment": "--><iframe srcdoc='x'></iframe><!--",
    "a link": "[read](javascript:alert(1)) ![x](x.png) <https://a.example>",
    "an address": "https://a.example www.b.example c@d.example",
    "a formula": r"$\input{x}$ \(\href{javascript:alert(2)}{y}\) $$z$$ \begin{a}",
    "a cell": "a | b `code` **bold** _slanted_ ~~gone~~ | c",
    "an entity": "&lt;b&gt; &#60; &amp;lt;",
    "a heading": "# one",
    "a list": "1. two - three",
    "a terminal's": "\x1b]0;title\x07\x1b[31mred\x1b[0m\x08\x9b2J",
    "a direction": "\u202egnp.exe\u2066 \u200fx\ufeff",
    "lines": "a\n\n# heading\r\n- b\u2028c",
    "half a character": "x \ud83d y",
    "a quote": 'it\'s "so" <>',
    "a template": "{0} {} %s ${x}",
}
# No element of a page is of these kinds, as none of the page's own is. (Behind "#" the
# address says which text the explorer is to show.)
ELEMENTS = (
    "img[src=x], svg[onload], iframe, a[href^='javascript'], "
    "a[href*='.example']:not([href^='#'])"
)
