// Says things in the language of the page, with the texts that the server wrote into it. A key is the English text.
const texts = JSON.parse(document.getElementById('texts').textContent), lang = document.documentElement.lang
const forms = new Intl.PluralRules(lang)
export const number = n => n.toLocaleString(lang)
export function t(key, ...args) {
  let said = texts[key] ?? key, i = 0
  if (typeof said !== 'string') said = said[forms.select(args[0])] ?? said.other // the first number decides
  return said.replace(/%(?:\[(\d)\])?([sd%])/g, (_, n, verb) => {
    if (verb === '%') return '%'
    const arg = args[(i = n ? +n : i + 1) - 1]
    return verb === 'd' ? number(arg) : arg
  })
}
