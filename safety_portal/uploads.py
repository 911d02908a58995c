"""Files as they come in: one that is too large for any form is not kept, only its size is, so that its field can say so."""

from io import BytesIO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler


class BoundedUpload(FileUploadHandler):
    """The first to see each piece. Beyond the limit it hands nothing on, and gives a hollow file with the true size."""

    def new_file(self, *args, **kwargs):
        super().new_file(*args, **kwargs)
        self.come = 0

    def receive_data_chunk(self, raw_data, start):
        self.come += len(raw_data)
        return raw_data if self.come <= settings.UPLOAD_MOST_BYTES else None

    def file_complete(self, file_size):
        if file_size <= settings.UPLOAD_MOST_BYTES:
            return None
        return UploadedFile(BytesIO(), self.file_name, self.content_type, size=file_size)
