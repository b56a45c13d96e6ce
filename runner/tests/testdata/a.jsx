<App />
