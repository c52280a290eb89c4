/* Shows what the server pushes while no page is open, and opens the page it is about. It caches nothing. */
self.addEventListener("push", (event) => {
  const told = event.data.json();
  event.waitUntil(
    self.registration.showNotification("Teleconsult 远程会诊", {
      body: told.text,
      tag: told.id, // sent a second time, it replaces the first
      icon: "/icon.svg",
      requireInteraction: told.urgent,
      data: new URL(told.url).pathname,
    }),
  );
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = self.location.origin + event.notification.data;
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then((pages) => {
      // A page in which somebody works stays as it is: one that shows this already, or a new one.
      const shown = pages.find((page) => page.url === url);
      return shown ? shown.focus() : self.clients.openWindow(url);
    }),
  );
});
