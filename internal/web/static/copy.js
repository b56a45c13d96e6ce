import {t} from './say.js'

// Buttons that copy the code above them.
document.addEventListener('click', async e => {
  const b = e.target.closest('[data-copy]'), say = document.getElementById('say')
  if (!b) return
  const done = navigator.clipboard?.writeText(document.getElementById(b.dataset.copy).textContent)
  say.textContent = await done?.then(() => true, () => false) ? t('Copied.') : t('That did not work. Try again.')
  say.classList.remove('vh')
})
